#include "notify/Message.hxx"

#include <doctest/doctest.h>

#include <string>

using namespace notify;
using namespace std::chrono_literals;

TEST_CASE("what a message says") {
    const Message message =
        ParseMessage("READY=1\nSTATUS=all = well\nEXTEND_TIMEOUT_USEC=1500000\nMAINPID=7\n"
                     "STOPPING=1\nERRNO=2\nWATCHDOG=1\nX_MINE=x\n");
    CHECK(message.ready);
    CHECK(message.stopping);
    CHECK(message.status == "all = well");
    CHECK(message.extend == 1500ms);
    CHECK(message.main_pid == "7");
}

TEST_CASE("nothing is said by nothing, nor by what only looks like it") {
    for (const char *text :
         {"", "\n\n", "=", "READY", "READY=", "READY=0", "READY=11", "READY=1 ", " READY=1",
          "ready=1", "XREADY=1", "READY=1\r\n", "STOPPING=0",
          "EXTEND_TIMEOUT_USEC=", "EXTEND_TIMEOUT_USEC=-1", "EXTEND_TIMEOUT_USEC=1s",
          "EXTEND_TIMEOUT_USEC=99999999999999999999999"}) {
        INFO(text);
        const Message message = ParseMessage(text);
        CHECK_FALSE(message.ready);
        CHECK_FALSE(message.stopping);
        CHECK_FALSE(message.extend);
        CHECK_FALSE(message.status);
        CHECK_FALSE(message.main_pid);
    }
    CHECK_FALSE(ParseMessage(std::string("READY=1\0", 8)).ready);
    CHECK(ParseMessage("STATUS=").status == "");
}

TEST_CASE("of two the last one counts") {
    CHECK_FALSE(ParseMessage("READY=1\nREADY=0").ready);
    CHECK(ParseMessage("STATUS=a\nSTATUS=b").status == "b");
}

TEST_CASE("any number of microseconds, in milliseconds rounded up, up to a limit") {
    CHECK(ParseMessage("EXTEND_TIMEOUT_USEC=0").extend == 0ms);
    CHECK(ParseMessage("EXTEND_TIMEOUT_USEC=1").extend == 1ms);
    CHECK(ParseMessage("EXTEND_TIMEOUT_USEC=1000").extend == 1ms);
    CHECK(ParseMessage("EXTEND_TIMEOUT_USEC=1001").extend == 2ms);
    CHECK(ParseMessage("EXTEND_TIMEOUT_USEC=18446744073709551615").extend == LONGEST);
}
