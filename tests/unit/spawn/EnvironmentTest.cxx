#include "spawn/Environment.hxx"

#include <doctest/doctest.h>

#include <cstring>

using namespace spawn;
using Texts = std::vector<std::string>;

namespace {

Texts Render(const Environment::Block &block) {
    Texts texts;
    for (char *const *entry = block.envp.data(); *entry != nullptr; entry++)
        texts.emplace_back(*entry);
    return texts;
}

} // namespace

TEST_CASE("it begins as the launcher's own, also with odd entries") {
    const char *const entries[] = {"A=1", "ODD", "=C:=x", "B=", nullptr};
    const Environment env(entries);
    CHECK(env.Entries() == Texts{"A=1", "ODD", "=C:=x", "B="});
    CHECK(env.Find("A") == "1");
    CHECK(env.Find("B") == "");
    CHECK_FALSE(env.Find("ODD"));
    CHECK_FALSE(env.Find("C"));
}

TEST_CASE("an entry that is set first stands before the inherited ones") {
    const char *const entries[] = {"A=1", "MARK=old", nullptr};
    Environment env(entries);
    env.SetFirst("MARK", "new");
    CHECK(env.Entries() == Texts{"MARK=new", "A=1"});
}

TEST_CASE("a name is a whole name") {
    Environment env;
    env.Set("PATHEXT", "x");
    CHECK_FALSE(env.Find("PATH"));
    env.Set("PATH", "/bin");
    env.Unset("PAT");
    CHECK(env.Find("PATH") == "/bin");
    CHECK(env.Find("PATHEXT") == "x");
}

TEST_CASE("set replaces, also what was there twice; a value may hold '='") {
    const char *const entries[] = {"A=1", "B=2", "A=3", nullptr};
    Environment env(entries);
    env.Set("A", "x=y");
    CHECK(env.Entries() == Texts{"B=2", "A=x=y"});
    CHECK(env.Find("A") == "x=y");
}

TEST_CASE("unset takes all of a name away") {
    const char *const entries[] = {"A=1", "B=2", "A=3", nullptr};
    Environment env(entries);
    env.Unset("A");
    env.Unset("missing");
    CHECK(env.Entries() == Texts{"B=2"});
    CHECK_FALSE(env.Find("A"));
}

TEST_CASE("unset by a rule sees names only") {
    const char *const entries[] = {"XA=1", "A=X", "XB", "B=2", nullptr};
    Environment env(entries);
    env.UnsetIf([](std::string_view name) noexcept { return name.starts_with('X'); });
    CHECK(env.Entries() == Texts{"A=X", "B=2"});
}

TEST_CASE("a block ends with a null pointer and its entries go into the object") {
    Environment env;
    env.Set("A", "1");
    const auto block = env.MakeBlock();
    REQUIRE(block.envp.size() == 2);
    CHECK(block.envp[0] == env.Entries()[0].data());
    CHECK(block.envp[1] == nullptr);
    CHECK(block.pid_texts.empty());
}

TEST_CASE("what only the child knows stands last, what may be left out at the very end") {
    Environment env;
    env.SetPidfdId("LISTEN_PIDFDID");
    env.Set("A", "1");
    env.SetPid("LISTEN_PID");
    env.Set("B", "2");
    auto block = env.MakeBlock();
    REQUIRE(block.pid_texts.size() == 2);
    CHECK(block.pid_texts[0].kind == PidText::Kind::PID);
    CHECK(block.pid_texts[1].kind == PidText::Kind::PIDFD_ID);
    CHECK(Render(block) == Texts{"A=1", "B=2", "LISTEN_PID=", "LISTEN_PIDFDID="});

    // As the child does it: the longest number there is, and then leaving the last one out.
    const char *longest = "18446744073709551615";
    REQUIRE(std::strlen(longest) == PidText::DIGITS);
    std::strcpy(block.pid_texts[0].digits, longest);
    *block.pid_texts[1].entry = nullptr;
    CHECK(Render(block) == Texts{"A=1", "B=2", std::string("LISTEN_PID=") + longest});
}

TEST_CASE("set and unset also meet what only the child knows") {
    Environment env;
    env.Set("P", "old");
    env.SetPid("P");
    CHECK_FALSE(env.Find("P"));
    CHECK(Render(env.MakeBlock()) == Texts{"P="});
    env.SetPidfdId("P");
    REQUIRE(env.MakeBlock().pid_texts.size() == 1);
    CHECK(env.MakeBlock().pid_texts[0].kind == PidText::Kind::PIDFD_ID);
    env.Set("P", "new");
    CHECK(env.MakeBlock().pid_texts.empty());
    CHECK(Render(env.MakeBlock()) == Texts{"P=new"});
    env.SetPid("P");
    env.Unset("P");
    CHECK(Render(env.MakeBlock()).empty());
}

TEST_CASE("a copy is independent") {
    Environment env;
    env.SetPid("P");
    Environment copy = env;
    auto block = env.MakeBlock(), other = copy.MakeBlock();
    block.pid_texts[0].digits[0] = '7';
    CHECK(Render(block) == Texts{"P=7"});
    CHECK(Render(other) == Texts{"P="});
}
