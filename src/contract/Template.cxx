#include "contract/Template.hxx"
#include "util/Number.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"

namespace contract {

constexpr std::array<TemplateRow, 6> TEMPLATES = {{
    {"fd", "the descriptor of the first listener"},
    {"fd:NAME", "the descriptor of the listener of that name"},
    {"port", "the port of the first TCP listener"},
    {"id", "the worker's id, which is never used again"},
    {"slot", "the worker's slot, from 0 on"},
    {"workers", "the number of workers"},
}};

static_assert(util::NamesAreUnique(TEMPLATES));

namespace {

constexpr std::uint64_t LARGEST_BASE = 1'000'000'000;

std::optional<std::uint64_t> Look(std::string_view word, const Handover &handover) {
    if (word == "fd" && !handover.listeners.empty())
        return handover.listeners[0].fd;
    if (word.starts_with("fd:"))
        for (const Handed &handed : handover.listeners)
            if (handed.spec->name == word.substr(3))
                return handed.fd;
    if (word == "port")
        return handover.FirstPort();
    if (word == "id")
        return handover.id;
    if (word == "slot")
        return handover.slot;
    if (word == "workers")
        return handover.workers;
    return std::nullopt;
}

std::optional<std::uint64_t> Evaluate(std::string_view word, const Handover &handover) {
    const auto plus = word.find('+');
    if (plus == std::string_view::npos)
        return Look(word, handover);
    const auto base = util::ParseUnsigned(word.substr(0, plus), LARGEST_BASE);
    const auto value = Look(word.substr(plus + 1), handover);
    return base && value ? std::optional(*base + *value) : std::nullopt;
}

} // namespace

std::string Expand(std::string_view text, const Handover &handover) {
    std::string expanded;
    while (!text.empty()) {
        const auto open = text.find('{');
        expanded += text.substr(0, open);
        if (open == std::string_view::npos)
            break;
        text.remove_prefix(open);
        const auto close = text.find('}');
        const auto value = close == std::string_view::npos
                               ? std::nullopt
                               : Evaluate(text.substr(1, close - 1), handover);
        // An unknown brace is copied and the search goes on behind it: "{{slot}" is "{" and the slot.
        expanded += value ? std::to_string(*value) : "{";
        text.remove_prefix(value ? close + 1 : 1);
    }
    return expanded;
}

} // namespace contract
