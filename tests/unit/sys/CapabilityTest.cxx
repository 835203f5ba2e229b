#include "sys/Capability.hxx"
#include "harness/Skip.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <linux/capability.h>

using namespace sys;

TEST_CASE("the sets are the kernel's, and what is not effective is not had") {
    const auto own = ReadCapabilities();
    REQUIRE(own);
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        CHECK(HasCapability(capability) == ((own->effective >> capability & 1) != 0));
    CHECK_FALSE(HasCapability(63));
}

TEST_CASE("a capability that is given up can be taken back while it is permitted") {
    if (!HasCapability(CAP_SETFCAP) || !HasCapability(CAP_KILL))
        HARNESS_SKIP("needs CAP_SETFCAP and CAP_KILL");
    CHECK(unit::InFork([] {
              const Capabilities own = ReadCapabilities().value();
              Capabilities less = own;
              less.effective &= ~(1ULL << CAP_KILL);
              FORKED_CHECK(SetCapabilities(less));
              FORKED_CHECK(!HasCapability(CAP_KILL));
              FORKED_CHECK(HasCapability(CAP_SETFCAP));
              FORKED_CHECK(SetCapabilities(own));
              FORKED_CHECK(HasCapability(CAP_KILL));
              less.permitted = less.effective;
              FORKED_CHECK(SetCapabilities(less));
              FORKED_CHECK(!SetCapabilities(own));
              FORKED_CHECK(errno == EPERM);
              return 0;
          }) == 0);
}
