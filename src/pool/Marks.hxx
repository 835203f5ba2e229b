#pragma once

#include "loop/Errands.hxx"
#include "pool/Orphans.hxx"

#include <string>
#include <unordered_map>

namespace pool {

/** Reads marks in another process, with a deadline: an environment is memory of its process, so
 *  that a read can wait as long as that process likes. At most 64 KiB of it are read. The marks
 *  are the first entries of a worker's environment. */
class Marks final : public MarkSource {
public:
    using Ticket = loop::Errands::Ticket;

    /** Long enough for a machine that is overloaded: a leftover whose mark was not read is not
     *  recognized. After MOST_LATE late answers in a row it is SHORT. */
    static constexpr std::chrono::milliseconds DEADLINE{2000}, SHORT{100};
    static constexpr unsigned MOST_LATE = 4;

    /** `_errands` is borrowed. `_run`: the value of CLUSTERIZE_RUN. */
    Marks(loop::Errands &_errands, std::string _run) : errands(_errands), run(std::move(_run)) {}
    ~Marks() noexcept override;

    Marks(const Marks &) = delete;
    Marks &operator=(const Marks &) = delete;

    void Ask(pid_t pid, Answer answer) noexcept override { Send(pid, answer); }

    /** The same for a caller that may end before the answer comes. */
    Ticket Send(pid_t pid, Answer answer) noexcept;
    void Cancel(Ticket ticket) noexcept;

private:
    void OnAnswer(Ticket ticket, const loop::Errands::Answer &answer) noexcept;

    loop::Errands &errands;
    const std::string run;
    std::unordered_map<Ticket, Answer> asked;
    unsigned late = 0; // in a row
};

} // namespace pool
