#include "sys/Limits.hxx"

#include <doctest/doctest.h>

#include <sys/resource.h>

using namespace sys;

TEST_CASE("the soft limit of descriptors goes up to the hard one, the old one is told") {
    rlimit before = {};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low = {64, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);

    const rlimit told = RaiseDescriptorLimit();
    rlimit raised = {};
    getrlimit(RLIMIT_NOFILE, &raised);
    setrlimit(RLIMIT_NOFILE, &before);

    CHECK(told.rlim_cur == 64);
    CHECK(told.rlim_max == before.rlim_max);
    CHECK(raised.rlim_cur == before.rlim_max);
    CHECK(raised.rlim_max == before.rlim_max);
}
