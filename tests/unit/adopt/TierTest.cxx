#include "adopt/Tier.hxx"
#include "harness/TempDir.hxx"
#include "sys/Capability.hxx"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>

using namespace adopt;

TEST_CASE("off is off, with a reason") {
    const Tier tier = FindTier(Mode::OFF);
    CHECK_FALSE(tier.on);
    CHECK(Describe(tier) == "off: " + tier.why);
}

TEST_CASE("no_new_privs only where the filter needs it") {
    const Tier tier = FindTier(Mode::AUTO);
    if (!tier.on) {
        MESSAGE("no adoption here: ", tier.why);
        CHECK_FALSE(tier.why.empty());
        return;
    }
    const bool needs =
        !sys::HasCapability(CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
    CHECK(tier.no_new_privs == needs);
    CHECK(tier.why.empty());
    CHECK((Describe(tier) == "seccomp") == !needs);
}

TEST_CASE("files that no_new_privs would take something from") {
    harness::TempDir dir;
    dir.Write("program", "");
    const std::string path = dir / "program";
    CHECK(WhyNoFilterFor(path, "").empty());
    REQUIRE(chmod(path.c_str(), 04755) == 0);
    CHECK(WhyNoFilterFor(path, "") == "is setuid");
    CHECK(WhyNoFilterFor("program", dir.Path()) == "is setuid");
    REQUIRE(chmod(path.c_str(), 02755) == 0);
    CHECK(WhyNoFilterFor(path, "") == "is setgid");
    REQUIRE(chmod(path.c_str(), 02745) == 0); // mandatory locking, once
    CHECK(WhyNoFilterFor(path, "").empty());
    CHECK(WhyNoFilterFor(dir / "missing", "").empty());
}
