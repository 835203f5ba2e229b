#include "harness/TempDir.hxx"
#include "unit/Pipe.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

using namespace net;
using namespace unit;

namespace {

bool Exists(const std::string &path) {
    return access(path.c_str(), F_OK) == 0;
}

} // namespace

TEST_CASE(
    "a group: a socket for each slot, joined in the order of the slots after listen, all active") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    const Listener &listener = table.Open(Tcp());
    CHECK(policy.Take() == "tcp*+0L+1L+2L{012}");
    CHECK_FALSE(listener.IsShared());
    CHECK(listener.Spec().at.address.Port() != 0U); // the real one
    CHECK(listener.GetSteering().Tier().tier == "recorder");

    std::vector<int> numbers;
    for (unsigned slot = 0; slot < 3; slot++) {
        const auto exports = table.Exports(slot);
        REQUIRE(exports.size() == 1);
        CHECK(exports[0].listener == &listener);
        CHECK(Address::OfSocket(exports[0].socket.Get()) == listener.Spec().at.address);
        CHECK((fcntl(exports[0].socket.Get(), F_GETFD) & FD_CLOEXEC) != 0);
        numbers.push_back(exports[0].socket.Get());
    }
    CHECK(numbers[0] != numbers[1]);
    CHECK(numbers[1] != numbers[2]);
}

TEST_CASE("the active set: who is ready, the whole at once, the last one stays in force") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    table.Open(Tcp());
    policy.Take();
    table.Activate(1);
    CHECK(policy.Take() == "{1}");
    table.Activate(1);
    CHECK(policy.Take().empty());
    table.Activate(0);
    table.Activate(2);
    CHECK(policy.Take() == "{01}{012}");
    table.Deactivate(1);
    CHECK(policy.Take() == "{02}");
    table.Deactivate(1);
    CHECK(policy.Take().empty());
    table.Deactivate(0);
    CHECK(policy.Take() == "{2}");
    table.Deactivate(2);
    CHECK(policy.Take().empty()); // clients wait, they are not refused
    table.Activate(2);
    CHECK(policy.Take().empty()); // it is the one in force
    table.Deactivate(2);
    table.Activate(0);
    CHECK(policy.Take() == "{0}");
}

TEST_CASE("before any worker is ready all are taken for active, but those that have died") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    table.Open(Tcp());
    policy.Take();
    table.Deactivate(1);
    CHECK(policy.Take() == "{02}");
    table.Activate(2);
    CHECK(policy.Take() == "{2}");
    table.Activate(1);
    CHECK(policy.Take() == "{12}");
}

TEST_CASE("a listener without a name gets that of what was opened") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    CHECK(table.Open(Tcp()).Spec().name == "web");
    ListenSpec spec = Tcp();
    spec.name.clear();
    const Listener &free_port = table.Open(spec);
    CHECK(free_port.Spec().name == std::to_string(free_port.Spec().at.address.Port().value()));
    CHECK(table.Open(UnixPath(directory / "x.sock")).Spec().name == "x.sock");
}

TEST_CASE("one socket for all: unix, inherited, one slot, or a policy that wants it so") {
    const harness::TempDir directory;
    const Policy slots(true), none(false);
    ListenerTable table(slots, 2);
    CHECK(table.Open(UnixPath(directory / "x.sock")).IsShared());
    CHECK(slots.Take() == "tcp1+0L");
    table.Activate(0);
    CHECK(slots.Take().empty());
    CHECK(table.Exports(0)[0].socket == table.Exports(1)[0].socket);

    ListenerTable single(slots, 1);
    CHECK(single.Open(Tcp()).IsShared());
    ListenerTable shared(none, 4);
    CHECK(shared.Open(Tcp()).IsShared());
    CHECK(shared.Exports(3)[0].socket == shared.Exports(0)[0].socket);
}

TEST_CASE("UDP: bound, and in its group at once") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Tcp();
    spec.at.type = SOCK_DGRAM;
    table.Open(spec);
    CHECK(policy.Take() == "udp*+0+1{01}");
}

TEST_CASE("the same address twice is refused, port 0 is nobody's") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    table.Open(Tcp());
    table.Open(Tcp());
    CHECK(table.Listeners().size() == 2);
    const unsigned port = table.Listeners().front().Spec().at.address.Port().value();
    CHECK(Message([&] { table.Open(Tcp("127.0.0.1", port)); }) ==
          "'127.0.0.1:" + std::to_string(port) + "' is asked for twice");
    CHECK(table.Listeners().size() == 2);
    // The same number for UDP is another one.
    ListenSpec udp = Tcp("127.0.0.1", port);
    udp.at.type = SOCK_DGRAM;
    CHECK(table.Find(udp.at) == nullptr);
    CHECK(table.Find(table.Listeners().back().Spec().at) == &table.Listeners().back());
}

TEST_CASE("a second start is refused, whether it would share or steer") {
    const Policy group(true), single(false);
    for (const Policy *first : {&group, &single})
        for (const Policy *second : {&group, &single})
            for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
                ListenerTable table(*first, 2), other(*second, 2);
                ListenSpec spec = Tcp();
                spec.at.type = type;
                table.Open(spec);
                spec.at = table.Listeners().front().Spec().at;
                spec.text = spec.at.address.ToString();
                CHECK(Message([&] { other.Open(spec); }) ==
                      "cannot listen on " + spec.text +
                          ": Address already in use (another program, or another clusterize, has "
                          "that port)");
                CHECK(other.Listeners().empty());
            }
}

TEST_CASE("an address that this machine has not") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    CHECK(Message([&] { table.Open(Tcp("192.0.2.1", 0)); }) ==
          "cannot listen on 192.0.2.1:0: Cannot assign requested address (no interface of this "
          "machine has that address)");
}

TEST_CASE("letting go: sockets are closed, nothing steers any more, files are removed last") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    table.Open(Tcp());
    table.Open(UnixPath(directory / "x.sock"));
    const Address address = table.Listeners().front().Spec().at.address;
    CHECK(Dial(address).IsDefined());
    CHECK(Exists(directory / "x.sock"));
    policy.Take();
    table.LetGo();
    CHECK_FALSE(Dial(address).IsDefined());
    CHECK(Exists(directory / "x.sock")); // a worker may be about to remove it
    RemoveFiles(table);
    CHECK_FALSE(Exists(directory / "x.sock"));
    table.Activate(0);
    table.Deactivate(0);
    table.LetGo();
    CHECK(policy.Take().empty());
}

TEST_CASE("both families on one socket, one alone keeps the other out") {
    const Policy policy(false);
    ListenerTable table(policy, 1);
    ListenSpec spec = Tcp("::", 0);
    spec.at.both_families = true;
    const Listener &both = table.Open(spec);
    const unsigned port = both.Spec().at.address.Port().value();
    CHECK(Dial(Address::FromLiteral("127.0.0.1", port).value()).IsDefined());
    if (both.Spec().at.address.Family() == AF_INET6) {
        CHECK(Dial(Address::FromLiteral("::1", port).value()).IsDefined());
        spec.at.both_families = false;
        const unsigned alone = table.Open(spec).Spec().at.address.Port().value();
        CHECK(Dial(Address::FromLiteral("::1", alone).value()).IsDefined());
        CHECK_FALSE(Dial(Address::FromLiteral("127.0.0.1", alone).value()).IsDefined());
    } else {
        CHECK_FALSE(both.Spec().at.both_families); // IPv6 is absent here
    }
}

TEST_CASE("O_NONBLOCK only where it was asked for") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    for (const bool nonblocking : {false, true}) {
        ListenSpec spec = Tcp();
        spec.nonblocking = nonblocking;
        table.Open(spec);
        ListenSpec path = UnixPath(directory / (nonblocking ? "n" : "b"));
        path.nonblocking = nonblocking;
        table.Open(path);
        const auto exports = table.Exports(1);
        for (std::size_t i = exports.size() - 2; i < exports.size(); i++)
            CHECK(((fcntl(exports[i].socket.Get(), F_GETFL) & O_NONBLOCK) != 0) == nonblocking);
    }
}

// --- unix paths ------------------------------------------------------------------------------

TEST_CASE(
    "the file of a dead server is replaced, that of a live one refused, other files left alone") {
    const harness::TempDir directory;
    const std::string path = directory / "x.sock";
    const Policy policy(true);
    {
        const Address address = Address::Unix(path, false);
        const sys::UniqueFd dead(sys::AdoptTag(), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(bind(dead.Get(), address.Get(), address.Length()) == 0);
    }
    REQUIRE(Exists(path));
    ListenerTable table(policy, 2);
    table.Open(UnixPath(path));
    CHECK(Dial(Address::Unix(path, false)).IsDefined());

    ListenerTable second(policy, 2);
    CHECK(Message([&] { second.Open(UnixPath(path)); }) ==
          "cannot listen on " + path + " ('unix:" + path +
              "'): Address already in use (another program, or another clusterize, serves it)");
    CHECK(Dial(Address::Unix(path, false)).IsDefined()); // the first one is not disturbed

    const std::string file = directory.Write("file", "precious");
    CHECK(Message([&] { second.Open(UnixPath(file)); }) ==
          "cannot listen on " + file + " ('unix:" + file +
              "'): File exists (a file that is no socket has that path)");
    CHECK(harness::ReadFile(file) == "precious");
}

TEST_CASE("a live datagram socket is a live one") {
    const harness::TempDir directory;
    const std::string path = directory / "log";
    const Address address = Address::Unix(path, false);
    const sys::UniqueFd alive(sys::AdoptTag(), socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(alive.Get(), address.Get(), address.Length()) == 0);
    const Policy policy(true);
    ListenerTable table(policy, 2);
    CHECK(Message([&] { table.Open(UnixPath(path)); }).find("Address already in use") !=
          std::string::npos);
    CHECK(Exists(path));
}

TEST_CASE("paths that cannot be") {
    const harness::TempDir directory;
    directory.Write("file", "");
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const std::string missing = directory / "missing/x", file = directory / "file/x";
    CHECK(Message([&] { table.Open(UnixPath(missing)); }) ==
          "cannot listen on " + missing + " ('unix:" + missing +
              "'): No such file or directory (the directory does not exist)");
    CHECK(Message([&] { table.Open(UnixPath(file)); }) ==
          "cannot listen on " + file + " ('unix:" + file +
              "'): Not a directory (a part of the path is no directory)");
    CHECK(table.Listeners().empty());
}

TEST_CASE("the mode is exactly the one asked for, whatever the umask") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const mode_t before = umask(0027);
    for (const unsigned mode : {0600U, 0660U, 0666U, 0777U, 0U}) {
        const std::string path = directory / std::to_string(mode);
        ListenSpec spec = UnixPath(path);
        spec.unix_options.mode = mode;
        table.Open(spec);
        struct stat status = {};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == mode);
    }
    const mode_t after = umask(before);
    CHECK(after == 0027);
}

TEST_CASE("abstract names: no file, a second one is refused") {
    const std::string name = "clusterize-unit-table-" + std::to_string(getpid());
    const Policy policy(true);
    ListenerTable table(policy, 2), second(policy, 2);
    ListenSpec spec = UnixPath(name, true);
    spec.text = "unix:@" + name;
    table.Open(spec);
    CHECK(Dial(Address::Unix(name, true)).IsDefined());
    CHECK_FALSE(Exists(name));
    CHECK(Message([&] { second.Open(spec); }) ==
          "cannot listen on @" + name + " ('unix:@" + name +
              "'): Address already in use (another program, or another clusterize, has that name)");
}

TEST_CASE("files are removed at the end, but only its own") {
    const harness::TempDir directory;
    const std::string own = directory / "own", foreign = directory / "foreign";
    const Policy policy(true);
    {
        ListenerTable table(policy, 2);
        table.Open(UnixPath(own));
        table.Open(UnixPath(foreign));
        REQUIRE(unlink(foreign.c_str()) == 0);
        directory.Write("foreign", "another's");
        table.LetGo();
        RemoveFiles(table);
    }
    CHECK_FALSE(Exists(own));
    CHECK(harness::ReadFile(foreign) == "another's");
}

TEST_CASE("destructors only close: the file of a table that does not let go stays") {
    const harness::TempDir directory;
    const std::string path = directory / "x.sock";
    const Policy policy(true);
    {
        ListenerTable table(policy, 2);
        table.Open(UnixPath(path));
    }
    CHECK(Exists(path));
    CHECK_FALSE(Dial(Address::Unix(path, false)).IsDefined());
}

TEST_CASE("a listener that cannot be opened leaves no file") {
    const harness::TempDir directory;
    const std::string path = directory / "x.sock";
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = UnixPath(path);
    spec.unix_options.user = 4711;
    if (geteuid() != 0) {
        CHECK(Message([&] { table.Open(spec); }).find("only root") != std::string::npos);
        CHECK_FALSE(Exists(path));
    }
    spec = UnixPath(directory / "no/x.sock");
    CHECK(Message([&] { table.Open(spec); }) != "taken");
    CHECK(table.Listeners().empty());
}

TEST_CASE("UnixFile: moved, it removes once") {
    const harness::TempDir directory;
    const std::string path = directory.Write("file", "");
    UnixFile first(path);
    UnixFile second(std::move(first));
    first.Remove(); // NOLINT(bugprone-use-after-move): that is the question
    CHECK(Exists(path));
    UnixFile third;
    third = std::move(second);
    CHECK(Exists(path));
    third.Remove();
    CHECK_FALSE(Exists(path));
    directory.Write("file", "new");
    third.Remove();
    CHECK(Exists(path));
}

// --- inherited sockets -----------------------------------------------------------------------

namespace {

ListenSpec Inherited(int fd) {
    ListenSpec spec;
    spec.source = ListenSpec::Source::INHERITED;
    spec.text = "fd:" + std::to_string(fd);
    spec.descriptor = fd;
    return spec;
}

int Inheritable(int type, bool listening) {
    const Address address = Address::FromLiteral("127.0.0.1", 0).value();
    const int fd =
        socket(AF_INET, type, 0); // NOLINT(android-cloexec-socket): that is what is inherited
    if (bind(fd, address.Get(), address.Length()) != 0 || (listening && listen(fd, 8) != 0))
        return -1;
    return fd;
}

} // namespace

TEST_CASE("an inherited socket: what it is, close-on-exec from then on") {
    const Policy policy(true);
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        const int fd = Inheritable(type, type == SOCK_STREAM);
        {
            ListenerTable table(policy, 2);
            const Listener &listener = table.Open(Inherited(fd));
            CHECK(listener.IsShared());
            CHECK(listener.Spec().at.type == type);
            CHECK(listener.Spec().at.address == Address::OfSocket(fd));
            CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
            CHECK(table.Exports(1)[0].socket.Get() == fd);
        }
        CHECK_FALSE(unit::IsOpen(fd));
    }
}

TEST_CASE("inherited descriptors that will not do") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    CHECK(Message([&] { table.Open(Inherited(999)); }) ==
          "cannot serve fd:999: Bad file descriptor (descriptor 999 is not open; the launcher "
          "inherits it from what "
          "starts it)");
    const unit::Pipe pipe;
    const std::string number = std::to_string(pipe.reader.Get());
    CHECK(Message([&] { table.Open(Inherited(pipe.reader.Get())); }) ==
          "cannot serve fd:" + number +
              ": Socket operation on non-socket (that descriptor is no socket)");
    const sys::UniqueFd silent(sys::AdoptTag(), Inheritable(SOCK_STREAM, false));
    CHECK(Message([&] {
              table.Open(Inherited(silent.Get()));
          }).ends_with(": Invalid argument (that socket does not listen)"));
    CHECK(unit::IsOpen(pipe.reader.Get())); // what was refused is still its owner's
    CHECK(unit::IsOpen(silent.Get()));
}
