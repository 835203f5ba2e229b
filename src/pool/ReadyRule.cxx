#include "pool/ReadyRule.hxx"
#include "util/Number.hxx"
#include "util/Table.hxx"

namespace pool {

constexpr std::array<ReadyRuleRow, 6> READY_RULES = {{
    {"auto", "it listens or says READY=1; where no worker ever did, 3 seconds alive (default)",
     ReadyBy::AUTO},
    {"listen", "it listens on a socket of the cluster", ReadyBy::LISTEN},
    {"notify", "READY=1 to NOTIFY_SOCKET", ReadyBy::NOTIFY},
    {"exec", "the command is executed", ReadyBy::EXEC},
    {"listen:ADDRESS", "it listens there: PORT, HOST:PORT, unix:PATH, unix:@NAME", ReadyBy::LISTEN,
     true},
    {"DURATION", "alive for so long", ReadyBy::TIME},
}};

static_assert(util::NamesAreUnique(READY_RULES));

std::optional<ReadySpec> ParseReady(std::string_view text) {
    ReadySpec spec;
    if (const auto *row = util::FindRow(READY_RULES, text);
        row != nullptr && row->by != ReadyBy::TIME && !row->takes_address) {
        spec.by = row->by;
        return spec;
    }
    const auto alive = util::ParseDuration(text);
    if (!alive)
        return std::nullopt;
    spec.by = ReadyBy::TIME;
    spec.alive = *alive;
    return spec;
}

bool ReadyRule::Accept(Sign sign) noexcept {
    shown = shown || sign == Sign::NOTIFY || sign == Sign::LISTEN;
    switch (spec.by) {
    case ReadyBy::AUTO:
        return sign == Sign::NOTIFY || sign == Sign::LISTEN || (sign == Sign::ALIVE && !shown);
    case ReadyBy::LISTEN:
        return sign == Sign::LISTEN;
    case ReadyBy::NOTIFY:
        return sign == Sign::NOTIFY;
    case ReadyBy::EXEC:
        return sign == Sign::EXEC;
    case ReadyBy::TIME:
        return sign == Sign::ALIVE;
    }
    return false;
}

} // namespace pool
