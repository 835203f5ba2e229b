#include "spawn/CommandSearch.hxx"
#include "util/Text.hxx"

namespace spawn {

std::vector<std::string> CommandPaths(std::string_view command,
                                      std::optional<std::string_view> path) {
    std::vector<std::string> paths;
    if (command.find('/') != std::string_view::npos) {
        paths.emplace_back(command);
        return paths;
    }
    if (command.empty()) // the path of a directory would be left
        return paths;
    for (const std::string_view directory :
         util::Split(path.value_or("/usr/local/bin:/usr/bin:/bin"), ':')) {
        std::string candidate(directory);
        if (!candidate.empty())
            candidate += '/';
        paths.push_back(candidate.append(command));
    }
    return paths;
}

} // namespace spawn
