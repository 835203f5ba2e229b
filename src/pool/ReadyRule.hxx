#pragma once

#include "pool/ReadyAddress.hxx"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pool {

/** What can show that a worker is ready. */
enum class Sign : std::uint8_t {
    EXEC, // its command is executed
    ALIVE, // it has been so for a while
    NOTIFY, // it said READY=1
    LISTEN, // it listens on a socket of the cluster
};

/** By sign, for the event. */
constexpr std::array<std::string_view, 4> SIGN_NAMES = {"exec", "alive", "notify", "listening"};

enum class ReadyBy : std::uint8_t { AUTO, LISTEN, NOTIFY, EXEC, TIME };

struct ReadyRuleRow {
    std::string_view name, help;
    ReadyBy by;
    bool takes_address = false;
};

/** The values of `--ready`; the last two stand for an address and for a duration. */
extern const std::array<ReadyRuleRow, 6> READY_RULES;

/** `--ready` and `--ready-timeout`. */
struct ReadySpec {
    ReadyBy by = ReadyBy::AUTO;
    std::chrono::milliseconds alive = std::chrono::seconds(3); // for Sign::ALIVE, where that counts
    std::chrono::milliseconds timeout = std::chrono::seconds(60); // 0: none

    /** Of LISTEN: this address alone counts; empty: any. */
    std::optional<ReadyAddress> at;

    /** A worker that stays alive becomes ready. */
    bool ByTime() const noexcept { return by == ReadyBy::AUTO || by == ReadyBy::TIME; }
};

/** The rule that `--ready` names, without the timeout; nullopt: an address, or no such rule. */
std::optional<ReadySpec> ParseReady(std::string_view text);

/** Which signs count. It remembers the one thing that is not a worker's own affair: under `auto`
 *  being alive counts only as long as no worker of the cluster has ever listened or said
 *  READY=1. */
class ReadyRule {
public:
    explicit ReadyRule(const ReadySpec &_spec) noexcept : spec(_spec) {}

    /** A worker, ready or not, has shown this; does it make it ready? */
    bool Accept(Sign sign) noexcept;

    /** The same for Sign::LISTEN on this listener. */
    bool AcceptListening(const net::Listener &listener) noexcept {
        return Accept(Sign::LISTEN) && (!spec.at || spec.at->IsServedBy(listener));
    }

    /** It listens on an address of --exclusive, for which it asked with `at`. That counts only if
     *  the user has named listening: such an address may be that of a debugger. */
    bool AcceptListeningAlone(const net::Endpoint &at) const noexcept {
        return spec.by == ReadyBy::LISTEN && (!spec.at || spec.at->IsServedAt(at));
    }

    /** After this a worker that is not ready has failed; 0: never. A time to be alive needs no
     *  other. */
    std::chrono::milliseconds Timeout() const noexcept {
        return spec.by == ReadyBy::TIME ? std::chrono::milliseconds(0) : spec.timeout;
    }

private:
    const ReadySpec spec;
    bool shown = false; // a worker has shown more than that it is alive
};

} // namespace pool
