#include "sys/FileSystemIds.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/DockerRights.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <sys/fsuid.h>
#include <sys/stat.h>

using namespace sys;

namespace {

const ProcessIds NOBODYS = {unit::NOBODY, unit::NOBODY, {4, 20}, 022, 1};

/** All that a change of the ids touches. */
struct State {
    int uid = setfsuid(static_cast<uid_t>(-1)), gid = setfsgid(static_cast<gid_t>(-1));
    std::vector<gid_t> groups = std::vector<gid_t>(64);
    std::uint64_t effective = ReadCapabilities().value().effective,
                  permitted = ReadCapabilities().value().permitted;
    int dumpable = prctl(PR_GET_DUMPABLE), death_signal = -1;

    State() {
        groups.resize(static_cast<std::size_t>(getgroups(64, groups.data())));
        prctl(PR_GET_PDEATHSIG, &death_signal);
    }
    bool operator==(const State &) const = default;
};

constexpr std::uint64_t OVERRIDE = 1ULL << CAP_DAC_OVERRIDE;

} // namespace

TEST_CASE("for reading: ids and all capabilities; then everything is as before") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    CHECK(unit::InFork([] {
              FORKED_CHECK(unit::KeepDockerRights());
              prctl(PR_SET_PDEATHSIG, SIGUSR1);
              prctl(PR_SET_DUMPABLE, 1); // as capset(2) has cleared it
              const State before;
              {
                  const FileSystemIds taken(NOBODYS, Keep::ALL);
                  FORKED_CHECK(taken.AreTaken());
                  const State now;
                  FORKED_CHECK(now.uid == unit::NOBODY && now.gid == unit::NOBODY);
                  FORKED_CHECK(now.groups == before.groups);
                  FORKED_CHECK(now.effective == now.permitted);
                  FORKED_CHECK(geteuid() == 0 && getegid() == 0);
              }
              FORKED_CHECK(State() == before);
              FORKED_CHECK(before.dumpable == 1 && before.death_signal == SIGUSR1);
              return 0;
          }) == 0);
}

TEST_CASE("for making files: the other's rights, and its files") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    const harness::TempDir directory;
    REQUIRE(chmod(directory.Path().c_str(), 0755) == 0);
    const std::string open_to_all = directory / "all";
    REQUIRE(mkdir(open_to_all.c_str(), 0700) == 0);
    REQUIRE(chmod(open_to_all.c_str(), 0777) == 0);
    CHECK(unit::InFork([&] {
              FORKED_CHECK(unit::KeepDockerRights());
              prctl(PR_SET_DUMPABLE, 1);
              const State before;
              {
                  const FileSystemIds taken(NOBODYS, Keep::NONE);
                  FORKED_CHECK(taken.AreTaken());
                  const State now;
                  FORKED_CHECK(now.groups == NOBODYS.groups);
                  FORKED_CHECK((now.effective & OVERRIDE) == 0);
                  FORKED_CHECK(mkdir((directory / "no").c_str(), 0777) == -1 && errno == EACCES);
                  FORKED_CHECK(mkdir((directory / "all/yes").c_str(), 0777) == 0);
              }
              FORKED_CHECK(State() == before);
              struct stat status = {};
              FORKED_CHECK(stat((directory / "all/yes").c_str(), &status) == 0);
              FORKED_CHECK(status.st_uid == unit::NOBODY && status.st_gid == unit::NOBODY);
              FORKED_CHECK(mkdir((directory / "no").c_str(), 0777) == 0); // root again
              return 0;
          }) == 0);
}

TEST_CASE("what was not effective does not become so, and not dumpable stays that") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("needs root");
    CHECK(unit::InFork([] {
              FORKED_CHECK(
                  SetCapabilities({unit::DOCKER_RIGHTS & ~OVERRIDE, unit::DOCKER_RIGHTS, 0}));
              prctl(PR_SET_DUMPABLE, 0);
              const State before;
              for (const Keep keep : {Keep::ALL, Keep::NONE}) {
                  {
                      const FileSystemIds taken(NOBODYS, keep);
                      FORKED_CHECK(taken.AreTaken());
                  }
                  FORKED_CHECK(State() == before);
              }
              FORKED_CHECK(!HasCapability(CAP_DAC_OVERRIDE));
              return 0;
          }) == 0);
}

TEST_CASE("the caller's own ids: nothing happens") {
    const State before;
    const ProcessIds own = ReadProcessIds(getpid()).value();
    for (const Keep keep : {Keep::ALL, Keep::NONE}) {
        const FileSystemIds taken(own, keep);
        CHECK(taken.AreTaken());
        CHECK(State() == before);
    }
    CHECK(State() == before);
}

TEST_CASE("who is not root, or lacks the capabilities, does not get them") {
    if (!unit::HasDockerRights()) {
        const FileSystemIds taken({0, 0, {}, 022, 1}, Keep::ALL);
        CHECK((taken.AreTaken() == (geteuid() == 0)));
        return;
    }
    CHECK(unit::InFork([] {
              unit::BecomeNobody();
              const State before;
              const FileSystemIds taken({0, 0, {}, 022, 1}, Keep::ALL);
              FORKED_CHECK(!taken.AreTaken());
              FORKED_CHECK(State() == before);
              return 0;
          }) == 0);
    CHECK(unit::InFork([] {
              FORKED_CHECK(SetCapabilities({}));
              const State before;
              {
                  const FileSystemIds taken(NOBODYS, Keep::NONE);
                  FORKED_CHECK(!taken.AreTaken());
              }
              FORKED_CHECK(State() == before);
              return 0;
          }) == 0);
}
