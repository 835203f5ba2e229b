#include "sys/PidFile.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

using namespace sys;

namespace {

struct Fixture {
    /** The error, 0: none. */
    int Fails(const std::string &where) const {
        try {
            PidFile file(where);
            file.Remove();
            return 0;
        } catch (const std::system_error &error) {
            return error.code().value();
        }
    }

    /** Names in the directory. */
    std::size_t Count() const {
        std::size_t count = 0;
        for (const auto &entry : std::filesystem::directory_iterator(directory.Path()))
            count += entry.exists() ? 1 : 0;
        return count;
    }

    harness::TempDir directory;
    const std::string path = directory / "pid";
    const std::string own = std::to_string(getpid()) + "\n";
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "it holds the number and a newline, whatever the umask, and goes away") {
    const mode_t before = umask(0077);
    {
        PidFile file(path);
        CHECK(harness::ReadFile(path) == own);
        struct stat status = {};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0644);
        CHECK(Count() == 1); // and no temporary file
        file.Remove();
    }
    umask(before);
    CHECK(Count() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a stale file is replaced, whatever number is in it") {
    for (const std::string &text :
         {std::string("1\n"), own, std::string("rubbish"), std::string()}) {
        directory.Write("pid", text);
        PidFile file(path);
        CHECK(harness::ReadFile(path) == own);
        file.Remove();
    }
    CHECK(Count() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a file that its process holds is refused and left alone") {
    const PidFile file(path);
    CHECK(Fails(path) == EBUSY);
    CHECK(harness::ReadFile(path) == own);
    CHECK(Count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what is not ours any more is not removed") {
    {
        PidFile file(path);
        directory.Write("pid", "4242\n");
        file.Remove();
    }
    CHECK(harness::ReadFile(path) == "4242\n");
    {
        PidFile file(path);
        directory.Write("other", own);
        std::filesystem::rename(directory / "other", path);
        file.Remove();
    }
    CHECK(harness::ReadFile(path) == own); // the same number, but another file
}

TEST_CASE_FIXTURE(Fixture, "somebody has removed it already") {
    PidFile file(path);
    REQUIRE(unlink(path.c_str()) == 0);
    file.Remove();
}

TEST_CASE_FIXTURE(Fixture, "a destructor leaves the file, which is stale from then on") {
    { const PidFile file(path); }
    CHECK(harness::ReadFile(path) == own);
    CHECK(Fails(path) == 0);
    CHECK(Count() == 0);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be: no such directory, and what is no file") {
    CHECK(Fails(directory / "none/pid") == ENOENT);
    CHECK(Fails(directory.Path()) == EINVAL);
    CHECK(Fails("/dev/null") == EINVAL);
    CHECK(std::filesystem::is_character_file("/dev/null"));
    CHECK(Count() == 0);
}
