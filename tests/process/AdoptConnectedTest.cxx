// bind and listen on sockets that are in use: the kernel refuses, and they stay as they are.

#include "Binders.hxx"

#include <sys/socket.h>

using namespace process;

namespace {

const std::string FRAME = R"(
import errno, os, signal, socket, sys
def named(call, *args):
    try: call(*args); return '0'
    except OSError as e: return errno.errorcode[e.errno]
def connected(s):
    return '0' if named(s.getpeername) == '0' and named(s.sendall, b'x') == '0' else 'gone'
def tcp(*options):
    s = socket.socket()
    for option in options: s.setsockopt(socket.SOL_SOCKET, option, 1)
    return s
server, port, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
)";

/** Runs it as one worker; "said: …" is what it has found. */
std::string Say(const std::string &body, Start start = {}, std::vector<std::string> options = {}) {
    const Fd server = ListenOn("127.0.0.1:0");
    const TempDir directory;
    if (start.nobody && IsRoot())
        directory.GiveTo(NOBODY, NOBODY);
    options.insert(options.begin(), {"-n", "1", "--ready", "exec", "--restart", "no"});
    Cluster cluster({.options = std::move(options),
                     .command = {"python3", "-c",
                                 FRAME + body +
                                     "\nprint('said:', *said, flush=True)\n"
                                     "signal.pause()\n",
                                 std::to_string(PortOf(server.Get())), std::to_string(FreePort()),
                                 directory.Path()},
                     .start = std::move(start)});
    std::string found;
    REQUIRE(WaitFor([&] {
        for (const std::string &line : Lines(cluster.Out()))
            if (line.starts_with("said: "))
                found = line.substr(6);
        return !found.empty() || cluster.HasEnded();
    }));
    INFO(cluster.Err());
    CHECK(found != "");
    (void)cluster.Stop();
    return found;
}

} // namespace

TEST_CASE("bind on a connected socket is EINVAL, and the connection is untouched") {
    const std::string body = "s = socket.create_connection(('127.0.0.1', server))\n"
                             "said = [named(s.bind, ('127.0.0.1', port)), connected(s)]";
    CHECK(Say(body) == "EINVAL 0");
    // pidfd_getfd(2) is refused there.
    CHECK(Say(body, {.docker_capabilities = true, .docker_profile = true}) == "EINVAL 0");
    CHECK(Say(body, {.nobody = true, .docker_capabilities = true, .docker_profile = true}) ==
          "EINVAL 0");
}

TEST_CASE("listen on a connected socket is EINVAL, and the connection is untouched") {
    const std::string plain = "s = socket.create_connection(('127.0.0.1', server))\n"
                              "said = [named(s.listen), connected(s)]";
    const std::string bound = "s = tcp(socket.SO_REUSEADDR)\n"
                              "s.bind(('127.0.0.1', port))\n"
                              "s.connect(('127.0.0.1', server))\n"
                              "said = [named(s.listen), connected(s)]";
    for (const auto &body : {plain, bound})
        for (const char *mode : {"auto", "all"}) {
            INFO(mode, " ", body);
            CHECK(Say(body, {}, {"--adopt", mode}) == "EINVAL 0");
            CHECK(Say(body, {.docker_capabilities = true, .docker_profile = true},
                      {"--adopt", mode}) == "EINVAL 0");
        }
}

TEST_CASE("bind to a path on a connected unix socket names it, and the connection is untouched") {
    const std::string body = "a, b = socket.socketpair()\n"
                             "said = [named(a.bind, directory + '/s'), connected(a), b.recv(1)]";
    CHECK(Say(body) == "0 0 b'x'");
}

TEST_CASE("two sockets bound to one port without listening: as the options of both allow") {
    const std::string body =
        "def two(first, second):\n"
        "    a, b = tcp(*first), tcp(*second)\n"
        "    a.bind(('127.0.0.1', port))\n"
        "    result = named(b.bind, ('127.0.0.1', port))\n"
        "    a.close(); b.close()\n"
        "    return result\n"
        "A, P = socket.SO_REUSEADDR, socket.SO_REUSEPORT\n"
        "said = [two((), ()), two((A,), ()), two((), (A,)), two((A,), (A,)), two((P,), (P,)),\n"
        "        two((A,), (P,)), two((A, P), (P,)), two((), ())]";
    const std::string alone = "EADDRINUSE EADDRINUSE EADDRINUSE 0 0 EADDRINUSE 0 EADDRINUSE";
    CHECK(Say(body) == alone);
    CHECK(Say(body, {}, {"--adopt", "off"}) == alone);
}

TEST_CASE("a port bound as a lock is taken for the other processes of the worker, until its end") {
    const std::string body = "a = tcp()\n"
                             "a.bind(('127.0.0.1', port))\n"
                             "pid = os.fork()\n"
                             "if pid == 0:\n"
                             "    b = tcp()\n"
                             "    os._exit(named(b.bind, ('127.0.0.1', port)) == 'EADDRINUSE')\n"
                             "said = [os.waitpid(pid, 0)[1] >> 8]\n"
                             "a.close()\n"
                             "b = tcp()\n"
                             "said += [named(b.bind, ('127.0.0.1', port))]";
    CHECK(Say(body) == "1 0");
}
