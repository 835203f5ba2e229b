#include "output/Target.hxx"
#include "sys/AppendFile.hxx"

#include <fmt/format.h>

namespace output {

Target::Target(report::Reporter &_reporter, Drain &_drain, std::string _name,
               util::BoundMethod<void()> _on_flushed) noexcept
    : reporter(_reporter), drain(_drain), name(std::move(_name)), on_flushed(_on_flushed) {
    drain.OnFlushed(util::BoundMethod<void(Drain &)>::Make<&Target::OnFlushed>(*this));
}

void Target::OnFlushed(Drain &) noexcept {
    const int trouble = drain.GetOutlet().Trouble();
    if (trouble != 0 && !failing) {
        TellFailure(trouble);
    } else if (trouble == 0 && failing && drain.GetOutlet().HasRoom()) {
        failing = false;
        TellLost();
    }
    on_flushed();
}

void Target::TellFailure(int error) noexcept {
    failing = true;
    const bool closed = drain.IsClosed();
    reporter.Emit(report::Error{
        "output", error,
        fmt::format("cannot write to {}: {}; {}", name, sys::AppendErrorText(error),
                    closed ? "it is closed for the workers, too" : "what they write is dropped"),
        std::nullopt, std::nullopt});
}

void Target::TellLost() noexcept {
    report::Outlet &outlet = drain.GetOutlet();
    if (const auto lines = outlet.TakeDropped() + outlet.TakeLost(); lines != 0)
        reporter.Say(report::Level::WARN,
                     fmt::format("{} lines of output to {} were lost", lines, name));
}

} // namespace output
