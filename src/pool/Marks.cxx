#include "pool/Marks.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <cerrno>
#include <climits>

namespace pool {

namespace {

constexpr unsigned CLIENT = 0; // no worker has this id

/** "PID RUN" → "", "ours" or "ours ID". */
void ReadMark(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    const auto [pid, run] = util::Cut(request.bytes, ' ');
    const auto environment = sys::ProcessEnvironment::Read(
        static_cast<pid_t>(util::ParseUnsigned(pid, INT_MAX).value_or(0)));
    if (!environment)
        return;
    const Mark mark = Mark::Find(*environment, run);
    if (mark.is_ours)
        answer.bytes = mark.worker ? "ours " + std::to_string(*mark.worker) : "ours";
}

Mark ParseMark(std::string_view text) noexcept {
    const auto [ours, worker] = util::Cut(text, ' ');
    const auto id = util::ParseUnsigned(worker, UINT_MAX);
    return {ours == "ours", id ? std::optional(static_cast<unsigned>(*id)) : std::nullopt};
}

} // namespace

Marks::~Marks() noexcept {
    for (const auto &[ticket, answer] : asked)
        errands.Cancel(ticket);
}

Marks::Ticket Marks::Send(pid_t pid, Answer answer) noexcept {
    loop::Errands::Order order;
    order.client = CLIENT;
    order.function = ReadMark;
    order.request.bytes = std::to_string(pid) + " " + run;
    order.deadline = late < MOST_LATE ? DEADLINE : SHORT;
    order.done = loop::Errands::Done::Make<&Marks::OnAnswer>(*this);
    const Ticket ticket = errands.Send(std::move(order));
    asked.emplace(ticket, answer);
    return ticket;
}

void Marks::Cancel(Ticket ticket) noexcept {
    if (asked.erase(ticket) != 0)
        errands.Cancel(ticket);
}

void Marks::OnAnswer(Ticket ticket, const loop::Errands::Answer &answer) noexcept {
    late = answer.error == ETIMEDOUT ? late + 1 : 0;
    const auto found = asked.extract(ticket);
    if (!found.empty())
        found.mapped()(answer.error == 0 ? ParseMark(answer.parcel.bytes) : Mark());
}

} // namespace pool
