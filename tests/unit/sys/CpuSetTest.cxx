#include "sys/CpuSet.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <sched.h>

using namespace sys;
using Cpus = std::vector<unsigned>;

TEST_CASE("lists as taskset writes them, in the order given") {
    CHECK(ParseCpuList("0") == Cpus{0});
    CHECK(ParseCpuList("0-3,6") == Cpus{0, 1, 2, 3, 6});
    CHECK(ParseCpuList("6,0-1") == Cpus{6, 0, 1});
    CHECK(ParseCpuList("2-2") == Cpus{2});
    CHECK(ParseCpuList("8190-8191") == Cpus{8190, 8191});
}

TEST_CASE("lists that are none") {
    for (const char *text :
         {"", ",", "0,", ",0", "0,,1", "a", "0-", "-0", "-", "3-1", "0-1-2", "0 1", "0, 1", "1.5",
          "8192", "0-8192", "99999999999999999999", "0x1"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseCpuList(text));
    }
}

TEST_CASE("the CPUs that this process may use are the kernel's") {
    const auto cpus = AllowedCpus();
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    CHECK(cpus.size() == static_cast<std::size_t>(CPU_COUNT(&set)));
    CHECK(std::is_sorted(cpus.begin(), cpus.end()));
    for (const unsigned cpu : cpus)
        CHECK(CPU_ISSET(cpu, &set));
}

TEST_CASE("a process that is pinned sees one CPU") {
    cpu_set_t before;
    REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
    const unsigned last = AllowedCpus().back();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
    const auto pinned = AllowedCpus();
    REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
    CHECK(pinned == Cpus{last});
}
