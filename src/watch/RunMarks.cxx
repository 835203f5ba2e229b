#include "watch/RunMarks.hxx"
#include "sys/Proc.hxx"
#include "sys/ProcessIds.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <climits>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>

namespace watch {

namespace {

/** "PID RUN" → "" or "yes". */
void FindMark(const sys::Parcel &request, sys::Parcel &answer) noexcept {
    const auto [text, run] = util::Cut(request.bytes, ' ');
    const auto pid = static_cast<pid_t>(util::ParseUnsigned(text, INT_MAX).value_or(0));
    const auto environment = sys::ProcessEnvironment::Read(pid);
    if (environment && environment->Find("CLUSTERIZE_RUN") == run)
        answer.bytes = "yes";
}

uid_t UserOf(pid_t pid) {
    const auto ids = sys::ReadProcessIds(pid);
    return ids ? ids->uid : 0;
}

} // namespace

bool RunMarks::Has(pid_t pid, std::uint64_t start) {
    if (late.contains({pid, start}))
        return false;
    if (!late_of_user.empty()) {
        const auto user = late_of_user.find(UserOf(pid));
        if (user != late_of_user.end() && user->second >= MOST_LATE)
            return false;
    }
    const auto answer = Read(pid);
    if (!answer) {
        late.emplace(pid, start);
        late_of_user[UserOf(pid)]++;
    }
    return answer.value_or(false);
}

/** nullopt: there was no answer in time. */
std::optional<bool> RunMarks::Read(pid_t pid) {
    if (!reader) {
        try {
            reader.emplace();
        } catch (const std::system_error &) {
            return false;
        }
    }
    if (reader->Send(FindMark, std::to_string(pid) + " " + run) == 0) {
        pollfd answer = {reader->Descriptor().Get(), POLLIN, 0};
        if (poll(&answer, 1, DEADLINE_MILLISECONDS) == 1)
            if (const auto parcel = reader->Receive())
                return !parcel->bytes.empty();
    }
    LeaveBehind();
    return std::nullopt;
}

/** The process may be in a wait that nobody can interrupt. */
void RunMarks::LeaveBehind() {
    const pid_t pid = reader->Pid();
    reader.reset();
    waitpid(pid, nullptr, WNOHANG);
}

} // namespace watch
