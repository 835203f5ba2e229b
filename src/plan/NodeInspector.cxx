#include "plan/NodeInspector.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>

namespace plan {

namespace {

constexpr unsigned DEFAULT_PORT = 9229;

/** Those that open it, now or on a signal; the last two only say where. */
constexpr std::array<std::string_view, 5> FLAGS = {"--inspect", "--inspect-brk", "--inspect-wait",
                                                   "--inspect-port", "--debug-port"};

/** Node's options whose value may be the next word, which is no script then. */
constexpr std::array<std::string_view, 18> WITH_VALUE = {"-r",
                                                         "--require",
                                                         "--import",
                                                         "--loader",
                                                         "-C",
                                                         "--experimental-loader",
                                                         "--conditions",
                                                         "--env-file",
                                                         "--env-file-if-exists",
                                                         "--title",
                                                         "--input-type",
                                                         "--inspect-port",
                                                         "--debug-port",
                                                         "--icu-data-dir",
                                                         "--openssl-config",
                                                         "--watch-path",
                                                         "--max-http-header-size",
                                                         "--disable-warning"};

template <typename Table> bool Has(const Table &table, std::string_view word) noexcept {
    return std::find(table.begin(), table.end(), word) != table.end();
}

/** `PORT`, `HOST`, `HOST:PORT`, `[IPV6]:PORT`. */
std::optional<unsigned> PortOf(std::string_view place) noexcept {
    const std::size_t bracket = place.rfind(']');
    const std::size_t colon = place.rfind(':');
    const bool has_host =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    const auto port = util::ParseUnsigned(has_host ? place.substr(colon + 1) : place, 65535);
    return port ? std::optional(static_cast<unsigned>(*port)) : std::nullopt;
}

struct Inspector {
    bool wanted = false;
    unsigned port = DEFAULT_PORT;

    /** Returns whether the next word is the value of this one. */
    bool Take(std::string_view word, std::string_view next) noexcept {
        const auto [name, value] = util::Cut(word, '=');
        const bool separate = name.size() == word.size() && Has(WITH_VALUE, name);
        if (Has(FLAGS, name)) {
            wanted = true;
            port = PortOf(separate ? next : value).value_or(port);
        }
        return separate;
    }
};

} // namespace

std::optional<unsigned> FindNodeInspector(std::span<const std::string> command,
                                          std::string_view node_options) {
    const std::string_view path = command.front();
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name != "node" && name != "nodejs")
        return std::nullopt;
    Inspector inspector;
    const auto words = util::Split(node_options, ' ');
    for (std::size_t i = 0; i < words.size(); i++)
        inspector.Take(words[i], i + 1 < words.size() ? words[i + 1] : "");
    for (std::size_t i = 1; i < command.size(); i++) {
        const std::string_view word = command[i];
        if (word == "--" || !word.starts_with('-'))
            break; // the script, and its own arguments
        if (inspector.Take(word, i + 1 < command.size() ? command[i + 1] : std::string()))
            i++;
    }
    if (!inspector.wanted || inspector.port == 0)
        return std::nullopt;
    return inspector.port;
}

} // namespace plan
