#include "sys/Capability.hxx"
#include "harness/Skip.hxx"
#include "sys/Confinement.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/Refusal.hxx"

#include <doctest/doctest.h>

#include <linux/capability.h>
#include <sched.h>

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

TEST_CASE("a filter is seen once it is there") {
    CHECK(unit::InFork([] {
              FORKED_CHECK(unit::Refuse(SYS_bpf, SYS_kcmp, EPERM));
              FORKED_CHECK(HasSeccompFilter());
              return 0;
          }) == 0);
}

TEST_CASE("a user namespace is seen by whoever is in it") {
    if (IsInUserNamespace())
        HARNESS_SKIP("runs in a user namespace already");
    const int status = unit::InFork([] {
        if (unshare(CLONE_NEWUSER) != 0)
            return 77;
        FORKED_CHECK(IsInUserNamespace());
        return 0;
    });
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        HARNESS_SKIP("no user namespace can be made here");
    CHECK(status == 0);
}
