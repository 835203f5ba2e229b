#include "sys/FileWatch.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

bool IsReadable(const sys::FileWatch &watch) {
    pollfd look = {watch.Descriptor().Get(), POLLIN, 0};
    return poll(&look, 1, 0) == 1;
}

} // namespace

TEST_CASE("files that change faster than anybody reads do not hold the reader") {
    const harness::TempDir directory;
    const sys::FileWatch watch = sys::FileWatch::Open();
    REQUIRE(watch.IsOpen());
    std::vector<std::string> paths;
    std::vector<int> numbers;
    for (const char *name : {"/one", "/two"}) {
        paths.push_back(directory.Path() + name);
        close(open(paths.back().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        numbers.push_back(sys::FileWatch::Add(watch.Descriptor(), paths.back().c_str()));
        REQUIRE(numbers.back() >= 0);
    }
    CHECK(watch.Read().empty());
    for (const std::string &path : paths)
        REQUIRE(chmod(path.c_str(), 0600) == 0);
    CHECK(watch.Read() == numbers);

    // The kernel drops what is more than max_queued_events, and says so.
    constexpr unsigned MANY = 20'000;
    for (unsigned i = 0; i < MANY; i++)
        REQUIRE(chmod(paths[i % 2].c_str(), 0600) == 0);
    CHECK(watch.Read() == numbers);
    CHECK(IsReadable(watch));
    std::vector<int> last;
    while (IsReadable(watch))
        last = watch.Read();
    CHECK(last.front() == sys::FileWatch::LOST);
}
