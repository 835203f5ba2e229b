#include "sys/Hosts.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <strings.h>

namespace sys {

std::vector<std::string> LookUpHost(std::string_view name, const std::string &path) {
    std::vector<std::string> addresses;
    const auto content = ReadFile(path);
    if (!content)
        return addresses;
    for (const std::string_view whole : util::Split(*content, '\n')) {
        std::string line(util::Cut(whole, '#').first);
        std::replace(line.begin(), line.end(), '\t', ' ');
        std::string_view address;
        for (const std::string_view word : util::Split(line, ' ')) {
            if (word.empty())
                continue;
            if (address.empty())
                address = word;
            else if (word.size() == name.size() &&
                     strncasecmp(word.data(), name.data(), name.size()) == 0)
                addresses.emplace_back(address);
        }
    }
    return addresses;
}

} // namespace sys
