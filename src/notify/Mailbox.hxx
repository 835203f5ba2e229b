#pragma once

#include "loop/FdEvent.hxx"
#include "notify/Sender.hxx"
#include "report/Reporter.hxx"
#include "sys/UnixDatagram.hxx"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace notify {

struct Message;

/** Whom a mailbox tells, and what it is to know; all borrowed. */
struct Context {
    loop::Loop &loop;
    pool::Facts &facts;
    report::Reporter &reporter;
    const std::string &run;
};

/** The socket that one worker and its processes say things to. What others send is refused. */
class Mailbox {
public:
    /** Its name cannot be guessed: the abstract namespace belongs to everybody who has the same network.
     *  Throws std::system_error. */
    Mailbox(const Context &_context, const pool::WorkerRef &_worker);

    /** For NOTIFY_SOCKET. */
    const std::string &Name() const noexcept { return name; }

    /** The worker has a process. */
    void SetPid(pid_t pid) noexcept { worker.pid = pid; }

    /** It has none any more: all that it still said is read. */
    void ReadRest() noexcept { Read(MOST_AT_THE_END); }

private:
    enum class Complaint : std::uint8_t { STRANGER, GONE, TOO_LONG, MAIN_PID };

    // Who sends faster than that waits for the next turn, and others have theirs.
    static constexpr int MOST_A_TURN = 64, MOST_AT_THE_END = 1024;
    static constexpr std::size_t LONGEST = 4096; // as for systemd
    static constexpr std::chrono::seconds QUIET{10}; // between two complaints of a kind

    void OnReadable(std::uint32_t) noexcept { Read(MOST_A_TURN); }
    void Read(int most) noexcept;
    bool Accepts(const sys::Datagram &datagram) noexcept;
    void Act(const Message &message) noexcept;
    void Complain(Complaint kind, std::string_view sentence) noexcept;
    std::string Describe() const;

    const Context context;
    pool::WorkerRef worker;
    std::string name, status;
    std::array<std::optional<loop::TimePoint>, 4> complained; // by kind
    sys::UnixDatagram socket;
    loop::FdEvent event;
};

} // namespace notify
