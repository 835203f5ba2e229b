#include "sys/SignalNames.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace sys;

TEST_CASE("every signal's name leads back to its number") {
    for (int signo = 1; signo <= SIGRTMAX; signo++) {
        const std::string name = SignalName(signo);
        CAPTURE(name);
        if (name.starts_with("SIG?")) // 32 and 33 are the C library's own
            CHECK((signo > 31 && signo < SIGRTMIN));
        else
            CHECK(ParseSignal(name) == signo);
    }
}

TEST_CASE("names") {
    CHECK(SignalName(SIGTERM) == "SIGTERM");
    CHECK(SignalName(SIGKILL) == "SIGKILL");
    CHECK(SignalName(SIGCHLD) == "SIGCHLD");
    CHECK(SignalName(SIGRTMIN) == "SIGRTMIN");
    CHECK(SignalName(SIGRTMIN + 3) == "SIGRTMIN+3");
    CHECK(SignalName(0) == "SIG?0");
    CHECK(SignalName(-1) == "SIG?-1");
    CHECK(SignalName(SIGRTMAX + 1) == "SIG?" + std::to_string(SIGRTMAX + 1));
}

TEST_CASE("spellings") {
    for (const char *text : {"TERM", "SIGTERM", "term", "sigterm", "SigTerm", "15", "015"}) {
        CAPTURE(text);
        CHECK(ParseSignal(text) == SIGTERM);
    }
    CHECK(ParseSignal("USR2") == SIGUSR2);
    CHECK(ParseSignal("winch") == SIGWINCH);
    CHECK(ParseSignal("64") == 64);
}

TEST_CASE("real-time signals, from both ends") {
    CHECK(ParseSignal("RTMIN") == SIGRTMIN);
    CHECK(ParseSignal("RTMIN+3") == SIGRTMIN + 3);
    CHECK(ParseSignal("SIGRTMIN+3") == SIGRTMIN + 3);
    CHECK(ParseSignal("rtmin+0") == SIGRTMIN);
    CHECK(ParseSignal("RTMAX") == SIGRTMAX);
    CHECK(ParseSignal("RTMAX-1") == SIGRTMAX - 1);
    CHECK(ParseSignal("RTMIN+30") == SIGRTMIN + 30);
    for (const char *text : {"RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMAX-31", "RTMIN+", "RTMIN3",
                             "RTMIN+x", "RTMIN ", "RTMIN++3", "RTMI", "RT"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseSignal(text));
    }
}

TEST_CASE("what is no signal") {
    for (const char *text : {"", "0", "65", "-1", "+15", "SIG", "SIGSIGTERM", "TER", "TERMX",
                             "TERM ", " TERM", "KIL", "EXIT", "SIG15", "9999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseSignal(text));
    }
}
