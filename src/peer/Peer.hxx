#pragma once

#include "loop/DeferEvent.hxx"
#include "loop/Errands.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peer {

/** What peers need of the launcher; all are borrowed. */
struct Context {
    loop::Loop &loop;
    loop::Errands &errands;

    /** As for loop::Errands. */
    util::BoundMethod<void(pid_t)> forked;
};

struct Limits {
    /** Bytes. */
    std::size_t message = 4096;

    /** Messages, then others have their turn. */
    unsigned a_turn = 16;

    /** Bytes that the other side has not taken yet. */
    std::size_t outgoing = 64UL * 1024;
};

enum class Kind : std::uint8_t {
    /** Anybody who knows the name sends, and the kernel tells who it is. */
    DATAGRAM,

    /** One other side; a line is a message, without its newline. */
    STREAM,
};

struct Message {
    std::string_view text;

    /** A datagram that was longer than Limits::message. */
    bool truncated = false;

    /** Of a datagram; 0: outside of this PID namespace. */
    pid_t sender = 0;

    /** Of the sender: its own real, effective or saved one, or any if it has CAP_SETUID. */
    uid_t user = 0;
};

/** Why a stream has ended. */
enum class End : std::uint8_t {
    /** By the other side, or broken. */
    CLOSED,

    /** A line. */
    TOO_LONG,

    /** The other side has sent some. */
    DESCRIPTORS,
};

/** Receives the messages of a Peer. It must not destroy the Peer in a call. */
class MessageHandler {
public:
    virtual ~MessageHandler() = default;

    enum class Progress : bool { DONE, LATER };

    /** LATER: Peer::Done() will be called, and nothing is read until then. */
    virtual Progress OnMessage(const Message &message) noexcept = 0;

    /** Nothing comes any more. */
    virtual void OnEnd(End) noexcept {}
};

/** A unix socket to a process that is not trusted: it can neither block the event loop, nor fill
 *  the memory, nor take more than its share of a turn.
 *
 *  Descriptors. A process can attach descriptors to a message, and close(2) of a foreign descriptor
 *  can wait without end (SO_LINGER, FUSE). So none ever comes into the launcher. Each message is
 *  only looked at first (MSG_PEEK without room for descriptors). If some are attached, then
 *    - a stream has ended. The kernel refuses them before that if it can (SO_PASSRIGHTS, Linux
 *      6.16), and the sender gets EPERM.
 *    - a datagram is acted on, and then an errand receives it and closes them. So whoever waits
 *      for the close, as with BARRIER=1 of sd_notify(3), gets what it waits for. A sender whose
 *      descriptors cannot be closed in time is read once a second, and if it is late again, the
 *      kernel refuses its descriptors.
 *  The destructor leaves what is unread to sys::CloseElsewhere(). */
class Peer {
public:
    /** How long an errand may take to close the descriptors of a message. */
    static constexpr std::chrono::milliseconds DEADLINE{1000};
    static constexpr std::chrono::seconds RETRY{1};

    /** Takes the socket. `client`: see loop::Errands. A DATAGRAM socket has SO_PASSCRED from before
     *  it got its name. Throws std::system_error. */
    Peer(const Context &_context, MessageHandler &_handler, unsigned _client, sys::UniqueFd _socket,
         Kind _kind, const Limits &_limits = {});
    ~Peer() noexcept;

    /** All that it owns and knows, for a launcher that takes this one's place. A message of which
     *  an errand closes the descriptors right now may be acted on once more. */
    struct Description {
        int socket = -1;

        /** Of a stream: text that is not a whole line yet, and text that was not sent yet. */
        std::string incoming, outgoing;
        bool was_told = false, ended = false;
        unsigned late = 0;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** Takes over the descriptor, and goes on from there. */
    Peer(const Context &_context, MessageHandler &_handler, unsigned _client,
         const Description &made, Kind _kind, const Limits &_limits = {});
    Description Describe() const;

    Peer(const Peer &) = delete;
    Peer &operator=(const Peer &) = delete;

    /** After Progress::LATER. */
    void Done() noexcept;

    /** Queues a message for the other side of a stream and adds the newline. False: it does not
     *  take what it has been sent, so that this would be beyond Limits::outgoing; or the stream
     *  has ended. */
    bool Send(std::string_view text) noexcept;

    /** Reads at once what has come, for the last time. It stops early behind a message that is
     *  not DONE at once, and behind one with descriptors. */
    void ReadRest(unsigned most) noexcept;

private:
    /** At the first message. */
    struct Look;

    void OnReady(std::uint32_t events) noexcept;
    void Turn(unsigned most) noexcept;
    bool TakeDatagram() noexcept;
    bool TakeLine() noexcept;
    bool ReadStream() noexcept;
    std::optional<Look> Peek(std::size_t most) noexcept;
    bool Tell(const Message &message) noexcept;
    void Consume(std::size_t length) noexcept;
    void ConsumeElsewhere() noexcept;
    void OnConsumed(loop::Errands::Ticket, const loop::Errands::Answer &answer) noexcept;
    void OnRetry() noexcept { Resume(); }
    void Resume() noexcept;
    void Flush() noexcept;
    void Rearm() noexcept;
    void Finish(End end) noexcept;
    bool HasEmptied() noexcept;

    const Context context;
    MessageHandler &handler;
    const unsigned client;
    const Kind kind;
    const Limits limits;
    sys::UniqueFd socket;
    loop::FdEvent event;
    loop::DeferEvent turn;
    loop::TimerEvent retry;

    /** A datagram; the begin of a stream. */
    std::string buffer;
    std::string outgoing;

    /** For Done(). */
    bool waits = false;

    /** Of the next message, which could not be received yet. */
    bool was_told = false;

    /** The message that it waits for. */
    bool has_descriptors = false;
    bool ended = false;
    unsigned late = 0;
    std::optional<loop::Errands::Ticket> consuming;
};

} // namespace peer
