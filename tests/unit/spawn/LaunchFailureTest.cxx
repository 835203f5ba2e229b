#include "harness/TempDir.hxx"
#include "spawn/Launcher.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace spawn;

namespace {

std::string Text(ExecStage stage, int error,
                 std::vector<std::string> paths = {"/a/server", "/b/server"}) {
    LaunchSpec spec;
    spec.argv = {"server", "x"};
    spec.paths = std::move(paths);
    spec.directory = "/srv/app";
    return Describe({stage, error}, spec);
}

} // namespace

TEST_CASE("exec: not found, in PATH or as a path") {
    CHECK(Text(ExecStage::EXEC, ENOENT) == "cannot start 'server': cannot execute it: No such file "
                                           "or directory (it is in no directory of PATH)");
    CHECK(Text(ExecStage::EXEC, ENOENT, {"./server"}) ==
          "cannot start 'server': cannot execute it: No such file or directory");
}

TEST_CASE("exec: the script is there, its interpreter is not") {
    const harness::TempDir directory;
    const std::string script = directory.Write("script", "#!/nonexistent\n", 0755);
    CHECK(Text(ExecStage::EXEC, ENOENT, {script}) ==
          "cannot start 'server': cannot execute it: No such file or directory (the interpreter it "
          "names is missing)");
}

TEST_CASE("exec: not executable, not a program") {
    CHECK(Text(ExecStage::EXEC, EACCES) == "cannot start 'server': cannot execute it: Permission "
                                           "denied (it must be a file with the executable bit, in "
                                           "a directory that may be entered)");
    CHECK(
        Text(ExecStage::EXEC, ENOEXEC) ==
        "cannot start 'server': cannot execute it: Exec format error (it is made for another kind "
        "of machine, or it is a script and there is no /bin/sh)");
    CHECK(Text(ExecStage::EXEC, E2BIG) ==
          "cannot start 'server': cannot execute it: Argument list too long");
}

TEST_CASE("a directory is named") {
    CHECK(Text(ExecStage::DIRECTORY, ENOENT) == "cannot start 'server': cannot change to its "
                                                "directory '/srv/app': No such file or directory");
}

TEST_CASE("ids: who may change them") {
    for (const auto &[stage, what] : {std::pair(ExecStage::GROUPS, "set its supplementary groups"),
                                      {ExecStage::GID, "change its group"},
                                      {ExecStage::UID, "change its user"}}) {
        CHECK(Text(stage, EPERM) ==
              std::string("cannot start 'server': cannot ") + what +
                  ": Operation not permitted (only root with CAP_SETUID and CAP_SETGID can run "
                  "workers as another user or group)");
        CHECK(Text(stage, EINVAL) ==
              std::string("cannot start 'server': cannot ") + what + ": Invalid argument");
    }
}

TEST_CASE("limits: which, and how they are called") {
    CHECK(Text(ExecStage::CLONE, EAGAIN) ==
          "cannot start 'server': cannot make a process: Resource temporarily unavailable (the "
          "limit of processes is "
          "reached: ulimit -u, or pids.max of the cgroup)");
    CHECK(Text(ExecStage::CLONE, ENOMEM) ==
          "cannot start 'server': cannot make a process: Cannot allocate memory");
    CHECK(Text(ExecStage::DESCRIPTORS, EMFILE) ==
          "cannot start 'server': cannot hand over the descriptors: Too many open files (the limit "
          "of descriptors is "
          "reached: ulimit -n)");
    CHECK(Text(ExecStage::AFFINITY, EINVAL) ==
          "cannot start 'server': cannot pin it to its CPU: Invalid argument (no such CPU, or not "
          "one that this process "
          "may use)");
}

TEST_CASE("every stage has a name and a sentence") {
    for (std::size_t i = 0; i < EXEC_STAGES; i++) {
        CHECK_FALSE(EXEC_STAGE_TABLE[i].name.empty());
        CHECK(Text(static_cast<ExecStage>(i), EIO)
                  .find("cannot " + std::string(EXEC_STAGE_TABLE[i].help)) != std::string::npos);
    }
    CHECK(EXEC_STAGE_TABLE.front().name == "clone");
    CHECK(EXEC_STAGE_TABLE.back().name == "exec");
}
