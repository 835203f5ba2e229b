#include "net/OpenFailure.hxx"
#include "sys/Error.hxx"
#include "util/Text.hxx"

#include <cerrno>
#include <fmt/format.h>

namespace net {

OpenError OpenFailure(std::string_view what, const ListenSpec &spec, int error,
                      std::string_view hint) {
    const std::string address =
        spec.source == ListenSpec::Source::OPENED ? spec.at.address.ToString() : spec.text;
    std::string text = fmt::format("{} {}", what, address);
    if (!spec.text.empty() && address != spec.text)
        text += fmt::format(" ({})", util::Quote(spec.text));
    text += ": " + sys::ErrnoText(error);
    if (!hint.empty())
        text += fmt::format(" ({})", hint);
    return {text, error};
}

std::string_view ExplainDescriptors(int error) noexcept {
    return error == EMFILE || error == ENFILE ? "the limit of descriptors is reached: ulimit -n"
                                              : "";
}

} // namespace net
