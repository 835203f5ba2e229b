#include "plan/WorkerCount.hxx"
#include "sys/CpuSet.hxx"

#include <doctest/doctest.h>

using namespace plan;

namespace {

unsigned asked = 0;

template <unsigned CPUS> unsigned Auto() {
    asked++;
    return CPUS;
}

template <unsigned CPUS> unsigned Count(std::string_view text) {
    const auto count = ParseWorkerCount(text);
    REQUIRE(count);
    return Resolve(*count, Auto<CPUS>);
}

} // namespace

TEST_CASE("a number, without asking the machine") {
    asked = 0;
    CHECK(Count<8>("1") == 1);
    CHECK(Count<8>("4096") == 4096);
    CHECK(asked == 0);
}

TEST_CASE("auto") {
    CHECK(Count<8>("auto") == 8);
    CHECK(Count<1>("auto") == 1);
    CHECK(Count<10000>("auto") == 4096);
}

TEST_CASE("fewer than auto, at least one") {
    CHECK(Count<8>("-1") == 7);
    CHECK(Count<8>("-7") == 1);
    CHECK(Count<8>("-8") == 1);
    CHECK(Count<8>("-4096") == 1);
    CHECK(Count<1>("-1") == 1);
}

TEST_CASE("percent of auto, rounded up") {
    CHECK(Count<8>("50%") == 4);
    CHECK(Count<8>("100%") == 8);
    CHECK(Count<8>("150%") == 12);
    CHECK(Count<3>("50%") == 2);
    CHECK(Count<8>("1%") == 1);
    CHECK(Count<64>("10000%") == 4096);
}

TEST_CASE("what is no number of workers") {
    for (const char *text : {"",
                             "0",
                             "-0",
                             "0%",
                             "x",
                             "4x",
                             "-",
                             "%",
                             "--1",
                             "-1%",
                             "1.5",
                             "+4",
                             "4097",
                             "-4097",
                             "10001%",
                             "Auto",
                             "auto ",
                             " 4",
                             "99999999999999999999",
                             "%50"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseWorkerCount(text));
    }
}

TEST_CASE("the machine's own number is at least one and no more than the CPUs that may be used") {
    CHECK(AutoWorkers() >= 1);
    CHECK(AutoWorkers() <= sys::AllowedCpus().size());
}
