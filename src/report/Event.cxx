#include "report/Event.hxx"
#include "sys/Error.hxx"
#include "util/Table.hxx"

#include <utility>

namespace report {

namespace {

template <std::size_t... I>
constexpr std::array<EventRow, sizeof...(I)> MakeRows(std::index_sequence<I...>) {
    return {{{std::variant_alternative_t<I, Event>::NAME,
              std::variant_alternative_t<I, Event>::HELP}...}};
}

} // namespace

constexpr std::array<EventRow, std::variant_size_v<Event>> EVENTS =
    MakeRows(std::make_index_sequence<std::variant_size_v<Event>>());

static_assert(util::NamesAreUnique(EVENTS));

std::string_view ErrnoField(int error) noexcept {
    return sys::ErrnoName(error);
}

} // namespace report
