#pragma once

#include "output/Drains.hxx"
#include "output/Files.hxx"
#include "output/Stream.hxx"

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace output {

/** `--output`, all but inherit: catches what workers write, and passes it on line by line. */
class OutputAgent final : public pool::Agent, private LineTaker {
public:
    /** Borrows all; `events` is where the events go, for that mode. Throws util::UserError. */
    OutputAgent(loop::Loop &loop, report::Reporter &reporter, Drains &drains,
                const OutputSpec &spec, Drain *events, util::BoundMethod<void()> on_finished);

    void Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) override;
    void NotStarted(const pool::WorkerRef &worker) noexcept override;
    void Forked(const pool::WorkerRef &worker) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** Files that were renamed: opens their paths anew. */
    void Reopen() noexcept { files.Reopen(); }

    /** The last worker has gone: writes what is left, waiting for a slow reader, or until this is
     *  called again with `time_is_over`; what is left then is dropped. Calls `on_finished`, perhaps
     *  at once. */
    void Finish(bool time_is_over) noexcept;
    bool HasFinished() const noexcept { return finished; }

private:
    /** One start: what Forked() goes on with. */
    struct Start {
        std::array<std::unique_ptr<Stream>, 2> streams; // standard output, standard error
        std::array<sys::UniqueFd, 2> writers;
    };

    void Take(const Stream &stream, std::string_view line) noexcept override;
    void Ended(Stream &) noexcept override { tidy_event.Schedule(); }
    void OnFlushed() noexcept { tidy_event.Schedule(); }
    void OnTidy() noexcept;
    void Abandon() noexcept;

    Drain &DrainFor(const pool::WorkerRef &worker, bool is_error);
    void AddTarget(Drain &drain, std::string name);
    std::unique_ptr<Stream> MakeStream(const pool::WorkerRef &worker, bool is_error,
                                       const spawn::Ids &ids, sys::UniqueFd &writer);
    bool IsWritten() noexcept;
    void FinishOnce() noexcept;

    loop::Loop &loop;
    report::Reporter &reporter;
    const OutputSpec spec;
    const util::BoundMethod<void()> on_finished;

    sys::UniqueFd null_device;
    Files files;
    std::array<Drain *, 2> drains = {nullptr, nullptr}; // of standard output and error
    std::array<bool, 2> coloured = {false, false};
    bool with_prefix = false;
    std::list<Target> targets; // those of the drains
    std::map<unsigned, Start> starts; // by the id of a worker that has no process yet
    std::list<std::unique_ptr<Stream>> streams;
    loop::DeferEvent tidy_event;
    bool finishing = false, finished = false;
};

} // namespace output
