#pragma once

#include "notify/Directory.hxx"
#include "notify/Sender.hxx"
#include "peer/Peer.hxx"
#include "pool/Marks.hxx"
#include "report/Reporter.hxx"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace notify {

struct Message;

/** What mailboxes need; all are borrowed. */
struct Context {
    const peer::Context peer;
    pool::Facts &facts;
    report::Reporter &reporter;
    pool::Marks &marks;
};

/** The socket to which one worker and its processes send messages. Those of others are refused. */
class Mailbox final : private peer::MessageHandler {
public:
    /** `_user`: that the worker is started as. Throws std::system_error. */
    Mailbox(const Context &_context, const pool::WorkerRef &_worker, uid_t _user,
            Directory::Socket socket);
    ~Mailbox() noexcept override;

    /** For a launcher that takes this one's place. A message that waits for its mark is still in
     *  the queue of the socket, and is judged again. */
    struct Description {
        pool::WorkerRef worker;
        uid_t user;
        std::string name, status;
        peer::Peer::Description peer;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    Mailbox(const Context &_context, const Description &made);
    Description Describe() const { return {worker, user, name, status, peer.Describe()}; }

    Mailbox(const Mailbox &) = delete;
    Mailbox &operator=(const Mailbox &) = delete;

    /** For NOTIFY_SOCKET. */
    const std::string &Name() const noexcept { return name; }

    /** The worker has a process. */
    void SetPid(pid_t pid) noexcept { worker.pid = pid; }

    /** The process has ended: reads the rest of its messages. */
    void ReadRest() noexcept { peer.ReadRest(MOST_AT_THE_END); }

private:
    enum class Complaint : std::uint8_t { STRANGER, GONE, TOO_LONG, MAIN_PID };

    static constexpr unsigned MOST_AT_THE_END = 1024;

    /** The length as for systemd. */
    static constexpr peer::Limits LIMITS = {4096, 16, 0};

    /** Between two complaints of a kind. */
    static constexpr std::chrono::seconds QUIET{10};

    /** A message of an orphan, until its mark was read. */
    struct Held {
        std::string text;
        pid_t sender;
        uid_t user;
        bool truncated;

        /** Of the sender; nullopt: it has ended. */
        std::optional<std::uint64_t> start;
        pool::Marks::Ticket ticket;
    };

    Progress OnMessage(const peer::Message &message) noexcept override;
    void OnMark(const pool::Mark &mark) noexcept;
    void Accept(std::string_view text, bool truncated) noexcept;
    void Act(const Message &message) noexcept;
    void Refuse(pid_t sender) noexcept;
    void JudgeEnded(const peer::Message &message) noexcept;
    void Complain(Complaint kind, std::string_view sentence) noexcept;

    const Context context;
    pool::WorkerRef worker;
    const uid_t user;
    std::string name, status;

    /** By kind. */
    std::array<std::optional<loop::TimePoint>, 4> complained;
    std::optional<Held> held;
    peer::Peer peer;
};

} // namespace notify
