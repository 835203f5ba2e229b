#include "output/OutputAgent.hxx"
#include "output/Colour.hxx"
#include "sys/Error.hxx"
#include "util/UserError.hxx"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace output {

namespace {

constexpr std::array<int, 2> NUMBERS = {STDOUT_FILENO, STDERR_FILENO};

} // namespace

OutputAgent::OutputAgent(loop::Loop &_loop, report::Reporter &_reporter, Drains &_drains,
                         const OutputSpec &_spec, Drain *events,
                         util::BoundMethod<void()> _on_finished)
    : loop(_loop), reporter(_reporter), spec(_spec), on_finished(_on_finished),
      files(_loop, _reporter, spec, util::Bind<&OutputAgent::OnFlushed>(*this)),
      tidy_event(_loop, util::Bind<&OutputAgent::OnTidy>(*this)) {
    switch (spec.mode) {
    case Mode::INHERIT:
        return;
    case Mode::NONE:
        null_device = sys::UniqueFd(sys::AdoptTag(), open("/dev/null", O_WRONLY | O_CLOEXEC));
        if (!null_device.IsDefined())
            throw util::UserError(
                fmt::format("{} null: /dev/null: {}", spec.source, sys::ErrnoText(errno)));
        return;
    case Mode::PREFIX:
        with_prefix = true;
        for (std::size_t i = 0; i < NUMBERS.size(); i++) {
            drains[i] = &_drains.Borrow(sys::Fd(NUMBERS[i]));
            coloured[i] = spec.colour && IsTerminal(sys::Fd(NUMBERS[i]));
        }
        AddTarget(*drains[0], "standard output");
        AddTarget(*drains[1], "standard error");
        return;
    case Mode::EVENTS:
        drains = {events, events};
        AddTarget(*events, "the events");
        return;
    case Mode::FILE:
        files.OpenFirst();
        with_prefix = files.AreShared();
        return;
    }
}

void OutputAgent::AddTarget(Drain &drain, std::string name) {
    const bool known = std::any_of(targets.begin(), targets.end(), [&drain](Target &target) {
        return &target.GetDrain() == &drain;
    });
    if (known)
        return;
    if (!spec.shared) // no worker has it
        drain.GetOutlet().AllowLongWrites();
    targets.emplace_back(reporter, drain, std::move(name),
                         util::Bind<&OutputAgent::OnFlushed>(*this));
}

Drain &OutputAgent::DrainFor(const pool::WorkerRef &worker, bool is_error) {
    return spec.mode == Mode::FILE ? files.For(worker) : *drains[is_error ? 1 : 0];
}

std::unique_ptr<Stream> OutputAgent::MakeStream(const pool::WorkerRef &worker, bool is_error,
                                                const spawn::Ids &ids, sys::UniqueFd &writer) {
    std::array<int, 2> ends = {-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw sys::MakeErrno("cannot create a pipe");
    sys::UniqueFd reader(sys::AdoptTag(), ends[0]);
    writer = sys::UniqueFd(sys::AdoptTag(), ends[1]);
    // The two ends are two open file descriptions: the worker's blocks.
    if (fcntl(reader.Get(), F_SETFL, O_NONBLOCK) != 0)
        throw sys::MakeErrno("cannot prepare a pipe");
    // Opening /dev/stdout looks at the owner. Not to be let is no reason to start nothing.
    if (ids.uid || ids.gid)
        (void)!fchown(writer.Get(), ids.uid.value_or(static_cast<uid_t>(-1)),
                      ids.gid.value_or(static_cast<gid_t>(-1)));
    return std::make_unique<Stream>(
        loop, static_cast<LineTaker &>(*this), DrainFor(worker, is_error), std::move(reader),
        worker, is_error,
        with_prefix ? MakePrefix(worker.id, worker.slot, coloured[is_error ? 1 : 0]) : "");
}

void OutputAgent::Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) {
    if (spec.mode == Mode::NONE)
        for (const int number : NUMBERS)
            launch.fds.Put(null_device, number);
    if (spec.mode == Mode::NONE || spec.mode == Mode::INHERIT)
        return;
    Start prepared;
    for (std::size_t i = 0; i < NUMBERS.size(); i++)
        prepared.streams[i] = MakeStream(worker, i == 1, launch.ids, prepared.writers[i]);
    for (std::size_t i = 0; i < NUMBERS.size(); i++)
        launch.fds.Put(prepared.writers[i], NUMBERS[i]);
    starts[worker.id] = std::move(prepared);
}

void OutputAgent::NotStarted(const pool::WorkerRef &worker) noexcept {
    starts.erase(worker.id);
    tidy_event.Schedule();
}

void OutputAgent::Forked(const pool::WorkerRef &worker) noexcept {
    const auto start = starts.find(worker.id);
    if (start == starts.end())
        return;
    for (auto &stream : start->second.streams) {
        if (!stream)
            continue;
        stream->SetPid(worker.pid);
        streams.push_back(std::move(stream));
        // It finds what those before it found.
        if (streams.back()->GetDrain().IsClosed())
            streams.back()->Close();
    }
    starts.erase(start);
}

void OutputAgent::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    // What it wrote is told before its end.
    for (auto &stream : streams)
        if (stream->Worker().id == worker.id)
            stream->ReadOn();
}

void OutputAgent::Take(const Stream &stream, std::string_view line) noexcept {
    if (spec.mode == Mode::EVENTS) {
        const pool::WorkerRef &worker = stream.Worker();
        reporter.Emit(report::Output{{{worker.id, worker.slot, worker.generation, worker.pid}},
                                     stream.IsError() ? "stderr" : "stdout",
                                     line});
    } else {
        stream.GetDrain().GetOutlet().Add(stream.Prefix(), line);
    }
}

void OutputAgent::OnTidy() noexcept {
    std::erase_if(streams, [](const auto &stream) { return stream->HasEnded(); });
    files.Sweep();
    if (finishing && IsWritten())
        FinishOnce();
}

bool OutputAgent::IsWritten() noexcept {
    const bool ended = std::all_of(streams.begin(), streams.end(),
                                   [](const auto &stream) { return stream->HasEnded(); });
    return ended && files.AreWritten() &&
           std::all_of(targets.begin(), targets.end(),
                       [](Target &target) { return target.GetDrain().GetOutlet().HasRoom(); });
}

void OutputAgent::Finish(bool time_is_over) noexcept {
    finishing = true;
    for (auto &stream : streams)
        stream->Finish();
    for (Target &target : targets)
        target.GetDrain().Flush();
    for (Target *target : files.Targets())
        target->GetDrain().Flush();
    if (time_is_over)
        Abandon();
    else if (IsWritten())
        FinishOnce();
}

/** What can be written without waiting is written; the rest is counted. */
void OutputAgent::Abandon() noexcept {
    std::size_t lines = 0;
    for (auto &stream : streams)
        lines += stream->Discard();
    // The events have a moment of their own at the end.
    if (spec.mode != Mode::EVENTS)
        for (Target &target : targets)
            lines += target.GetDrain().GetOutlet().Discard();
    for (Target *target : files.Targets())
        lines += target->GetDrain().GetOutlet().Discard();
    if (lines != 0)
        reporter.Emit(report::Error{
            "output", 0,
            fmt::format("{} lines that workers wrote were dropped: nobody read them in time",
                        lines),
            std::nullopt, std::nullopt});
    FinishOnce(); // though the log may have kept that sentence in one of the drains
}

void OutputAgent::FinishOnce() noexcept {
    if (finished)
        return;
    finished = true;
    for (Target *target : files.Targets())
        target->TellLost();
    on_finished();
}

} // namespace output
