// What a worker does at random gives it nothing that it could not have alone, and delays nobody:
// tests/process/programs/fuzzer. CLUSTERIZE_FUZZ_SECONDS and CLUSTERIZE_FUZZ_SEED change the run.

#include "Support.hxx"

#include <chrono>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

constexpr uid_t WORKER = 4001;

std::string Setting(const char *name, const std::string &otherwise) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

/** The owner of each socket in the directory, with its name. */
std::map<std::string, uid_t> Sockets(const TempDir &directory) {
    std::map<std::string, uid_t> found;
    DIR *entries = opendir(directory.Path().c_str());
    REQUIRE(entries != nullptr);
    while (const dirent *entry = readdir(entries)) {
        struct stat status {};
        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(status.st_mode))
            found[entry->d_name] = status.st_uid;
    }
    closedir(entries);
    return found;
}

} // namespace

TEST_CASE("a worker that acts at random gets nothing that is not its own and delays nobody") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const std::string seconds = Setting("CLUSTERIZE_FUZZ_SECONDS", "5");
    const std::string seed = Setting("CLUSTERIZE_FUZZ_SEED", std::to_string(getpid()));
    MESSAGE("seed ", seed, ", ", seconds, " s");
    const TempDir own, foreign;
    own.GiveTo(WORKER, WORKER);
    REQUIRE(chmod(foreign.Path().c_str(), 0755) == 0);
    const std::string setuid_program = foreign / "true";
    REQUIRE(Run({.argv = {"cp", "/bin/true", setuid_program}}).ended == Exited(0));
    REQUIRE(chmod(setuid_program.c_str(), 04755) == 0);

    const unsigned taken = FreePort();
    const Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    REQUIRE(setsockopt(server.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(taken));
    REQUIRE(bind(server.Get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
    REQUIRE(listen(server.Get(), 8) == 0);

    Cluster cluster(
        {.options = {"-n", "2", "--user", "4001:4001", "--ready", "exec", "--adopt", "auto",
                     "--log-level", "warn"},
         .command = {Program("fuzzer"), seconds, seed, own.Path(), foreign.Path(), setuid_program,
                     std::to_string(21000 + getpid() % 200 * 50), std::to_string(taken)}});
    const auto patience = std::chrono::seconds(std::atoi(seconds.c_str())) + PATIENCE;
    cluster.WaitOut("probe ", patience);
    cluster.WaitOut("done ", patience);
    for (const std::string &line : Lines(cluster.Out())) {
        CHECK_FALSE_MESSAGE(line.starts_with("wrong"), line);
        if (line.starts_with("done"))
            MESSAGE(line);
        if (!line.starts_with("probe"))
            continue;
        MESSAGE("microseconds: ", line);
        CHECK(std::stol(Field(line, "worst")) < 2'000'000);
    }
    for (const auto &file : Sockets(own))
        CHECK_MESSAGE(file.second == WORKER, file.first);
    for (const auto &file : Sockets(foreign))
        CHECK_MESSAGE(false, file.first, " is owned by ", file.second);
    CHECK(cluster.Seen("exit").empty());
    (void)cluster.Stop();
    CHECK(cluster.Leftovers().empty());
}
