#include "net/GiveAway.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace net;
using namespace unit;

namespace {

constexpr uid_t OTHER = 4711;

sys::UniqueFd Bind(const std::string &path) {
    const Address at = Address::Unix(path, false);
    sys::UniqueFd fd(sys::AdoptTag(), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(fd.Get(), at.Get(), at.Length()) == 0);
    return fd;
}

uid_t OwnerOf(const std::string &path) {
    struct stat status = {};
    REQUIRE(lstat(path.c_str(), &status) == 0);
    return status.st_uid;
}

} // namespace

TEST_CASE("a socket file is given away, but not a file that has taken its path meanwhile") {
    if (geteuid() != 0)
        HARNESS_SKIP("needs root");
    const harness::TempDir directory;
    const UnixOptions other = {{}, OTHER, OTHER};
    const std::string own = directory / "own", path = directory / "path";
    const auto socket = Bind(own);
    CHECK(GiveAway(own, {}) == 0);
    CHECK(OwnerOf(own) == 0);
    CHECK(GiveAway(own, other) == 0);
    CHECK(OwnerOf(own) == OTHER);

    const std::string secret = directory.Write("secret", "root's");
    REQUIRE(link(secret.c_str(), path.c_str()) == 0);
    CHECK(GiveAway(path, other) == EEXIST);
    REQUIRE(unlink(path.c_str()) == 0);

    const std::string service = directory / "service";
    const auto root_socket = Bind(service);
    REQUIRE(link(service.c_str(), path.c_str()) == 0);
    CHECK(GiveAway(path, other) == EEXIST);
    REQUIRE(unlink(path.c_str()) == 0);

    REQUIRE(symlink(service.c_str(), path.c_str()) == 0);
    CHECK(GiveAway(path, other) == EEXIST);
    REQUIRE(unlink(path.c_str()) == 0);
    CHECK(GiveAway(path, other) == ENOENT);

    CHECK(GiveAway(own, other) == EEXIST); // it is another's already
    CHECK(OwnerOf(secret) == 0);
    CHECK(OwnerOf(service) == 0);
}

TEST_CASE("the owner that was asked for") {
    if (geteuid() != 0)
        HARNESS_SKIP("needs root");
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = UnixPath(directory / "x.sock");
    spec.unix_options.user = OTHER;
    table.Open(spec);
    CHECK(OwnerOf(directory / "x.sock") == OTHER);
    CHECK(Dial(spec.at.address).IsDefined());
    table.LetGo();
    RemoveFiles(table);
}
