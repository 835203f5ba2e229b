#pragma once

#include "output/Drain.hxx"
#include "report/Reporter.hxx"

#include <string>

namespace output {

/** Where lines go, as the log speaks of it: says once that writing fails, and what was lost when it
 *  works again. */
class Target {
public:
    /** Borrows all. `on_flushed` is called after each flush of the drain. */
    Target(report::Reporter &reporter, Drain &drain, std::string name,
           util::BoundMethod<void()> on_flushed) noexcept;

    Drain &GetDrain() noexcept { return drain; }
    const std::string &Name() const noexcept { return name; }
    bool Fails() const noexcept { return failing; }

    /** It cannot be opened, or written to. */
    void TellFailure(int error) noexcept;
    void TellLost() noexcept;

private:
    void OnFlushed(Drain &) noexcept;

    report::Reporter &reporter;
    Drain &drain;
    const std::string name;
    const util::BoundMethod<void()> on_flushed;
    bool failing = false;
};

} // namespace output
