#include "output/OutputAgent.hxx"
#include "harness/TempDir.hxx"
#include "report/JsonSink.hxx"
#include "unit/output/Sources.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <sys/stat.h>

using namespace output;

namespace {

struct Fixture : unit::Plumbing {
    Fixture() { reporter.Add(std::make_unique<unit::NameSink>(log)); }

    void Use(const std::string &text, unsigned count = 1) {
        OutputSpec spec = ParseOutput(text);
        spec.source = "--output";
        spec.workers = count;
        agent.emplace(loop, reporter, drains, spec, &drain,
                      util::Bind<&Fixture::OnFinished>(*this));
    }

    /** As the pool and the launcher do; what the worker gets stays open here. */
    void Start(unsigned id) {
        const pool::WorkerRef worker = {id, id - 1, 1, 0};
        spawn::LaunchSpec launch;
        agent->Prepare(worker, launch);
        for (const spawn::FdMove &move : launch.fds.Moves())
            workers[id][move.to] =
                sys::UniqueFd(sys::AdoptTag(), fcntl(move.from, F_DUPFD_CLOEXEC, 0));
        agent->Forked({id, id - 1, 1, static_cast<pid_t>(1000 + id)});
    }

    void End(unsigned id) {
        workers.erase(id);
        agent->Gone({id, id - 1, 1, static_cast<pid_t>(1000 + id)}, {});
    }

    void OnFinished() noexcept { finished++; }

    harness::TempDir directory;
    Drains drains{loop};
    std::optional<OutputAgent> agent;
    std::map<unsigned, std::map<int, sys::UniqueFd>> workers;
    int finished = 0;
};

} // namespace

TEST_CASE_FIXTURE(Fixture,
                  "events: each line with its worker and stream, before the worker's end is told") {
    Use("events");
    Start(1);
    unit::Feed(workers[1][1], "out\n");
    Turn();
    CHECK(Log() == "output:stdout:out\n");
    unit::Feed(workers[1][2], "err\nlast");
    End(1);
    CHECK(Log() == "output:stderr:err\noutput:stderr:last\n");
    Turn();
    agent->Finish(false);
    CHECK(finished == 1);
}

TEST_CASE_FIXTURE(Fixture, "null: one descriptor for both, nothing to wait for") {
    Use("null");
    Start(1);
    CHECK(workers[1].size() == 2);
    struct stat status = {};
    REQUIRE(fstat(workers[1][2].Get(), &status) == 0);
    CHECK(S_ISCHR(status.st_mode));
    End(1);
    agent->Finish(false);
    CHECK(finished == 1);
}

TEST_CASE_FIXTURE(Fixture, "a file: both streams, with the id where workers share it") {
    const std::string path = directory / "log";
    Use(path, 2);
    Start(1);
    Start(2);
    unit::Feed(workers[1][1], "out\n");
    Turn();
    unit::Feed(workers[2][2], "err\n");
    Turn();
    CHECK(harness::ReadFile(path) == "[1] out\n[2] err\n");
    Use(directory / "{slot}", 2);
    Start(1);
    unit::Feed(workers[1][1], "alone");
    End(1);
    Turn();
    CHECK(harness::ReadFile(directory / "0") == "alone\n");
}

TEST_CASE_FIXTURE(Fixture, "a file that cannot be opened") {
    CHECK_THROWS_AS(Use(directory / "none/log"), util::UserError);
}

TEST_CASE_FIXTURE(Fixture, "nothing stays open of a start that failed, or of a worker that ended") {
    Use("events");
    const auto count = [] {
        int open = 0;
        for (int fd = 0; fd < 256; fd++)
            open += unit::IsOpen(fd) ? 1 : 0;
        return open;
    };
    const int before = count();
    for (unsigned id = 1; id <= 20; id++) {
        spawn::LaunchSpec launch;
        agent->Prepare({id, 0, 1, 0}, launch);
        agent->NotStarted({id, 0, 1, 0});
        Start(id);
        End(id);
        Turn();
    }
    CHECK(count() == before);
}

TEST_CASE_FIXTURE(Fixture, "the end waits for a slow reader, and gives up when the time is over") {
    const std::string fifo = directory / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const sys::UniqueFd reader(sys::AdoptTag(),
                               open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    Use(fifo);
    const std::string line = std::string(1023, 'l') + "\n";
    for (const bool time_is_over : {false, true}) {
        CAPTURE(time_is_over);
        Start(1);
        int fed = 0;
        for (; fed < 100; fed++) {
            REQUIRE(unit::Feed(workers[1][1], line) == line.size());
            Turn();
        }
        End(1);
        Turn();
        agent->Finish(false);
        Turn();
        CHECK(finished == 0);
        if (time_is_over) {
            agent->Finish(true);
            CHECK(Log() == "error:output:36 lines that workers wrote were dropped: nobody read "
                           "them in time\n");
        } else {
            std::size_t got = 0;
            std::string buffer(65536, '\0');
            for (int i = 0; i < 1000 && finished == 0; i++) {
                const ssize_t length = read(reader.Get(), buffer.data(), buffer.size());
                got += length > 0 ? static_cast<std::size_t>(length) : 0;
                Turn(1);
            }
            for (ssize_t more = 0; (more = read(reader.Get(), buffer.data(), buffer.size())) > 0;)
                got += static_cast<std::size_t>(more);
            CHECK(got == 100 * line.size());
            Use(fifo);
        }
        CHECK(std::exchange(finished, 0) == 1);
    }
}
