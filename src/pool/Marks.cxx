#include "pool/Marks.hxx"

namespace pool {

namespace {

// The marks are among the first variables unless there are very many.
constexpr std::size_t FIRST_BYTES = 4096;

} // namespace

void Marks::Ask(pid_t pid, Answer answer) noexcept {
    for (const std::size_t most : {FIRST_BYTES, sys::ProcessEnvironment::MOST_BYTES})
        if (const auto environment = sys::ProcessEnvironment::Read(pid, most))
            if (const Mark mark = Mark::Find(*environment, run); mark.is_ours)
                return answer(mark);
    answer({});
}

} // namespace pool
