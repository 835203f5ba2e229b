#include "net/OpenFailure.hxx"
#include "sys/Error.hxx"
#include "util/Text.hxx"

#include <cerrno>
#include <fmt/format.h>

namespace net {

util::UserError OpenFailure(std::string_view what, const ListenSpec &spec, int error,
                            std::string_view hint) {
    const std::string address =
        spec.source == ListenSpec::Source::OPENED ? spec.at.address.ToString() : spec.text;
    std::string text = fmt::format("{} {}", what, address);
    if (address != spec.text)
        text += fmt::format(" ({})", util::Quote(spec.text));
    text += ": " + sys::ErrnoText(error);
    if (!hint.empty())
        text += fmt::format(" ({})", hint);
    return util::UserError(text);
}

std::string_view ExplainDescriptors(int error) noexcept {
    return error == EMFILE || error == ENFILE ? "the limit of descriptors is reached: ulimit -n"
                                              : "";
}

} // namespace net
