#include "notify/Directory.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "sys/UnixDatagram.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <dirent.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace notify;

namespace {

/** A place that everybody may search. */
struct Fixture {
    Fixture() { chmod(place.Path().c_str(), 0755); }
    ~Fixture() { directory.RemoveAll(); }

    std::size_t Count() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(place.Path()), {}));
    }

    const harness::TempDir place;
    Directory directory{{"/proc/nowhere", place.Path()}};
};

int Send(const std::string &name) {
    return sys::UnixDatagram().Send(*sys::UnixAddress::Parse(name), "x");
}

std::string Contents(const char *path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "a socket is reached by its name until it is removed") {
    const auto one = directory.Open(), other = directory.Open();
    CHECK(directory.Lacks().empty());
    CHECK(one.name != other.name);
    CHECK(one.name.size() < 108);
    CHECK(Send(one.name) == 0);
    const auto datagram = sys::ReceiveDatagram(one.socket, 8, sys::Wait::NO);
    REQUIRE(datagram);
    CHECK(datagram->sender == getpid());
    CHECK_FALSE(sys::ReceiveDatagram(other.socket, 8, sys::Wait::NO));
    directory.Remove(one.name);
    CHECK(Send(one.name) == ENOENT);
    CHECK(Send(other.name) == 0);
    CHECK(Count() == 1);
    directory.RemoveAll();
    CHECK(Count() == 0);
    CHECK(Send(directory.Open().name) == 0); // it is made again
}

TEST_CASE_FIXTURE(Fixture, "another user reaches a socket by its name and cannot find it out") {
    if (geteuid() != 0)
        HARNESS_SKIP("needs root");
    const auto opened = directory.Open();
    const auto slash = opened.name.rfind('/');
    const std::string where = opened.name.substr(0, slash), secret = opened.name.substr(slash + 1);
    CHECK(unit::InFork([&] {
              FORKED_CHECK(setgid(61235) == 0 && setuid(61235) == 0);
              FORKED_CHECK(Send(opened.name) == 0);
              FORKED_CHECK(opendir(where.c_str()) == nullptr && errno == EACCES);
              FORKED_CHECK(Send(where + "/new") == ENOENT);
              const std::string sockets = Contents("/proc/net/unix");
              FORKED_CHECK(sockets.find(where) != std::string::npos);
              FORKED_CHECK(sockets.find(secret) == std::string::npos);
              return 0;
          }) == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "what a killed launcher has left is removed, what a living one has is not") {
    const std::string stale = place / "clusterize-notify-aaaaaa";
    const std::string alive = place / "clusterize-notify-bbbbbb", other = place / "else";
    for (const std::string &path : {stale, alive, other})
        REQUIRE(mkdir(path.c_str(), 0711) == 0);
    sys::UnixDatagram left;
    left.Bind(*sys::UnixAddress::Parse(stale + "/socket"));
    const sys::UniqueFd lock(sys::AdoptTag(), open(alive.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(flock(lock.Get(), LOCK_EX) == 0);
    (void)directory.Open();
    CHECK_FALSE(std::filesystem::exists(stale));
    CHECK(std::filesystem::exists(alive));
    CHECK(std::filesystem::exists(other));
}

TEST_CASE_FIXTURE(Fixture,
                  "a directory that somebody has removed: an abstract name, then another one") {
    const std::string first = directory.Open().name;
    std::filesystem::remove_all(first.substr(0, first.rfind('/')));
    const auto second = directory.Open();
    CHECK(second.name.starts_with("@clusterize-notify-"));
    CHECK(Send(second.name) == 0);
    CHECK(directory.Lacks().find("No such file") != std::string::npos);
    CHECK(directory.Open().name.starts_with(place.Path()));
    CHECK(directory.Lacks().empty());
}

TEST_CASE("a place whose name is too long for a socket") {
    Directory directory({"/tmp/" + std::string(60, 'x')});
    CHECK(directory.Open().name.starts_with("@clusterize-notify-"));
    CHECK(directory.Lacks().find("File name too long") != std::string::npos);
}
