#include "output/Files.hxx"
#include "harness/TempDir.hxx"
#include "unit/output/Sources.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <cstdio>
#include <optional>
#include <sys/stat.h>

using namespace output;

namespace {

class Idle final : public Source {
public:
    void Resume() noexcept override {}
    void Close() noexcept override {}
};

struct Fixture : unit::Plumbing {
    Fixture() { reporter.Add(std::make_unique<unit::NameSink>(log)); }

    void Use(const std::string &path, unsigned workers) {
        spec = ParseOutput(path);
        spec.source = "--output";
        spec.workers = workers;
        files.emplace(loop, reporter, spec, util::Bind<&Fixture::OnFlushed>(*this));
    }

    void OnFlushed() noexcept {}

    harness::TempDir directory;
    OutputSpec spec;
    std::optional<Files> files;
};

const pool::WorkerRef FIRST = {1, 0, 1, 0}, SECOND = {2, 1, 1, 0}, LATER = {7, 1, 1, 0};

} // namespace

TEST_CASE_FIXTURE(Fixture, "templates make files; without one it is shared") {
    Use(directory / "log-{slot}", 2);
    CHECK_FALSE(files->AreShared());
    Drain &first = files->For(FIRST), &second = files->For(SECOND);
    CHECK(&first != &second);
    CHECK(&files->For(LATER) == &second);
    first.GetOutlet().Add({}, "one");
    Turn();
    CHECK(harness::ReadFile(directory / "log-0") == "one\n");

    Use(directory / "{id}", 2);
    CHECK_FALSE(files->AreShared());
    CHECK(&files->For(SECOND) != &files->For(LATER));
    Use(directory / "{workers}", 2);
    CHECK(files->AreShared());
    Use(directory / "all", 2);
    CHECK(files->AreShared());
    Use(directory / "all", 1);
    CHECK_FALSE(files->AreShared());
}

TEST_CASE_FIXTURE(Fixture, "files are appended to, closed when nobody feeds them") {
    const std::string path = directory.Write("log", "before\n");
    Use(path, 2);
    Drain &lines = files->For(FIRST);
    Idle source;
    lines.Attach(source);
    lines.GetOutlet().Add({}, "after");
    Turn();
    files->Sweep();
    CHECK(files->Targets().size() == 1);
    CHECK(harness::ReadFile(path) == "before\nafter\n");
    lines.Detach(source);
    files->Sweep();
    CHECK(files->Targets().empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a file that was renamed is made anew; while it cannot be, the old one is used") {
    const std::string path = directory / "log", old = directory / "log.1";
    Use(path, 1);
    Drain &lines = files->For(FIRST);
    lines.GetOutlet().Add({}, "one");
    REQUIRE(std::rename(path.c_str(), old.c_str()) == 0);
    files->Reopen();
    lines.GetOutlet().Add({}, "two");
    Turn();
    CHECK(harness::ReadFile(old) == "one\n");
    CHECK(harness::ReadFile(path) == "two\n");
    CHECK(Log().empty());

    REQUIRE(std::remove(path.c_str()) == 0);
    REQUIRE(mkdir(path.c_str(), 0755) == 0);
    files->Reopen();
    CHECK(Log().starts_with("error:output:cannot write to '" + path + "'"));
    REQUIRE(std::remove(path.c_str()) == 0);
    files->Reopen();
    lines.GetOutlet().Add({}, "three");
    Turn();
    CHECK(harness::ReadFile(path) == "three\n");
}

TEST_CASE_FIXTURE(Fixture, "the first has to open; a later one drops, says so, and counts") {
    Use(directory / "none/log", 1);
    CHECK_THROWS_AS(files->OpenFirst(), util::UserError);
    Drain &lines = files->For(FIRST);
    CHECK(Log().starts_with("error:output:cannot write to '" + directory / "none/log"));
    Idle source;
    lines.Attach(source);
    for (int i = 0; i < 5; i++)
        lines.GetOutlet().Add({}, "lost");
    Turn();
    CHECK(Log().empty()); // once is enough
    REQUIRE(mkdir((directory / "none").c_str(), 0755) == 0);
    files->Reopen();
    CHECK(Log() == "5 lines of output to '" + directory / "none/log" + "' were lost\n");
    lines.GetOutlet().Add({}, "there");
    Turn();
    CHECK(harness::ReadFile(directory / "none/log") == "there\n");
    lines.Detach(source);
}

TEST_CASE_FIXTURE(Fixture, "a full disk") {
    Use("/dev/full", 1);
    files->OpenFirst();
    Drain &lines = files->For(FIRST);
    Idle source;
    lines.Attach(source);
    lines.GetOutlet().Add({}, "one");
    Turn();
    CHECK(Log() == "error:output:cannot write to '/dev/full': No space left on device; what they "
                   "write is dropped\n");
    lines.GetOutlet().Add({}, "two");
    Turn();
    CHECK(Log().empty());
    lines.Detach(source);
    files->Sweep();
    CHECK(Log() == "2 lines of output to '/dev/full' were lost\n");
}
