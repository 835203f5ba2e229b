#pragma once

#include "pool/Orphans.hxx"

#include <string>

namespace pool {

/** Reads marks itself, a bounded part of each environment. */
class Marks final : public MarkSource {
public:
    /** `_run`: the value of CLUSTERIZE_RUN. */
    explicit Marks(std::string _run) : run(std::move(_run)) {}

    void Ask(pid_t pid, Answer answer) noexcept override;

private:
    const std::string run;
};

} // namespace pool
