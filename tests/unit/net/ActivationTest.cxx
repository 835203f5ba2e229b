#include "net/Activation.hxx"
#include "unit/Pipe.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <map>
#include <sys/wait.h>

using namespace net;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

ActivationResult Read(const Variables &variables, pid_t pid = 42) {
    return ReadActivation(
        [&variables](std::string_view name) -> std::optional<std::string_view> {
            const auto found = variables.find(name);
            return found != variables.end() ? std::optional<std::string_view>(found->second)
                                            : std::nullopt;
        },
        pid);
}

std::string Message(const Variables &variables) {
    try {
        (void)Read(variables);
    } catch (const util::UserError &error) {
        return error.what();
    }
    return "taken";
}

/** Descriptors 3 and 4 are open and inheritable, 5 is closed, while this lives. */
class Handed {
public:
    Handed() {
        for (int fd = 3; fd <= 5; fd++)
            saved[fd - 3] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
        const int pipe = fcntl(source.reader.Get(), F_DUPFD_CLOEXEC, 100);
        dup2(pipe, 3);
        dup2(pipe, 4);
        close(pipe);
        close(5);
    }

    ~Handed() {
        for (int fd = 3; fd <= 5; fd++) {
            close(fd);
            if (saved[fd - 3] >= 0) {
                dup3(saved[fd - 3], fd, O_CLOEXEC);
                close(saved[fd - 3]);
            }
        }
    }

    Handed(const Handed &) = delete;
    Handed &operator=(const Handed &) = delete;

private:
    unit::Pipe source;
    int saved[3] = {-1, -1, -1};
};

} // namespace

TEST_CASE("sockets that speak to this process, with their names") {
    const Handed handed;
    const auto result =
        Read({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web:admin"}});
    REQUIRE(result.activation);
    CHECK(result.activation->Count() == 2);
    CHECK(result.activation->names == std::vector<std::string>{"web", "admin"});
    CHECK((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("without names they are unknown, as in sd_listen_fds_with_names") {
    const Handed handed;
    const auto result = Read({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}});
    REQUIRE(result.activation);
    CHECK(result.activation->names == std::vector<std::string>{"unknown", "unknown"});
}

TEST_CASE("nothing was handed over, and why") {
    CHECK(Read({}).lacks == "LISTEN_FDS and LISTEN_PID are not set");
    CHECK(Read({{"LISTEN_FDS", "1"}}).lacks == "LISTEN_FDS and LISTEN_PID are not set");
    CHECK(Read({{"LISTEN_PID", "42"}}).lacks == "LISTEN_FDS and LISTEN_PID are not set");
    CHECK(Read({{"LISTEN_PID", "43"}, {"LISTEN_FDS", "1"}}).lacks ==
          "LISTEN_PID=43 speaks to another process than this one (42)");
    CHECK(Read({{"LISTEN_PID", ""}, {"LISTEN_FDS", "1"}}).lacks ==
          "LISTEN_PID= speaks to another process than this one (42)");
    CHECK_FALSE(Read({{"LISTEN_PID", "42 "}, {"LISTEN_FDS", "1"}}).activation);
}

TEST_CASE("what speaks to another process is not looked at") {
    CHECK_FALSE(Read({{"LISTEN_PID", "43"}, {"LISTEN_FDS", "lies"}, {"LISTEN_FDNAMES", "a:b:c"}})
                    .activation);
}

TEST_CASE("lies") {
    const Handed handed;
    const auto message = [](const char *count) {
        return Message({{"LISTEN_PID", "42"}, {"LISTEN_FDS", count}});
    };
    for (const char *count : {"0", "-1", "x", "", "1x", "100001", "99999999999999999999"}) {
        CAPTURE(count);
        CHECK(message(count) ==
              "LISTEN_FDS=" + std::string(count) + ": not a number of descriptors (1, 2, …)");
    }
    CHECK(message("3") == "LISTEN_FDS=3 promises descriptors 3 to 5, but descriptor 5 is not open");
    CHECK(message("100000") ==
          "LISTEN_FDS=100000 promises descriptors 3 to 100002, but descriptor 5 is not open");
    CHECK(Message({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "one"}}) ==
          "LISTEN_FDNAMES=one has 1 names for the 2 descriptors of LISTEN_FDS");
    CHECK(Message({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "a:b:c"}}) ==
          "LISTEN_FDNAMES=a:b:c has 3 names for the 2 descriptors of LISTEN_FDS");
}
