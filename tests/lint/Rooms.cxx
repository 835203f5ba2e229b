#include "Rooms.hxx"

#include "Tree.hxx"

#include <regex>
#include <stdexcept>

namespace lint {

namespace {

/** A dependency variable is named after the library, which is the last part of the room's path. */
std::string RoomOfLibrary(const Rooms &rooms, const std::string &library) {
    for (const auto &[name, room] : rooms)
        if (room.library.name == library)
            return name;
    return {};
}

void AddBelow(const Rooms &rooms, const std::string &name, std::set<std::string> &found) {
    if (!found.insert(name).second)
        return;
    for (const std::string &dependency : rooms.at(name).library.dependencies) {
        const std::string room = RoomOfLibrary(rooms, dependency);
        if (!room.empty())
            AddBelow(rooms, room, found);
    }
}

/** All that stands in the parentheses which open at `start`. */
std::string Parenthesized(const std::string &text, std::size_t start) {
    int depth = 0;
    for (std::size_t i = start; i < text.size(); i++) {
        if (text[i] == '(')
            depth++;
        else if (text[i] == ')' && --depth == 0)
            return text.substr(start + 1, i - start - 1);
    }
    throw std::runtime_error("a parenthesis is not closed");
}

std::vector<std::string> FindAll(const std::string &text, const std::regex &pattern) {
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
        found.push_back((*match)[1].str());
    return found;
}

} // namespace

std::vector<Include> FindIncludes(const std::string &source) {
    static const std::regex LINE(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
    std::vector<Include> includes;
    for (const std::string &line : SplitLines(source)) {
        std::smatch match;
        if (std::regex_search(line, match, LINE))
            includes.push_back({match[2].str(), match[1].str() == "\""});
    }
    return includes;
}

Library ParseLibrary(const std::string &meson_build) {
    static const std::string CALL = "static_library(";
    const std::size_t call = meson_build.find(CALL);
    if (call == std::string::npos)
        throw std::runtime_error("no static_library() in a room's meson.build");
    const std::string arguments = Parenthesized(meson_build, call + CALL.size() - 1);

    Library library;
    static const std::regex NAME(R"(^\s*'([^']+)')");
    std::smatch name;
    if (!std::regex_search(arguments, name, NAME))
        throw std::runtime_error("a room's static_library() does not begin with its name");
    library.name = name[1].str();
    for (std::string &source : FindAll(arguments, std::regex(R"('([^']+\.cxx)')")))
        library.sources.insert(std::move(source));
    static const std::regex LIST(R"(dependencies:\s*\[([^\]]*)\])");
    std::smatch list;
    if (std::regex_search(arguments, list, LIST))
        for (std::string &word : FindAll(list[1].str(), std::regex(R"((\w+)_dep\b)")))
            library.dependencies.insert(std::move(word));
    return library;
}

Rooms ReadRooms(const std::filesystem::path &src) {
    Rooms rooms;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(src)) {
        if (!entry.is_directory())
            continue;
        const std::string name = entry.path().lexically_relative(src).generic_string();
        Room room{name, ParseLibrary(ReadFile(entry.path() / "meson.build")), {}};
        for (const auto &path : SourceFiles(entry.path()))
            room.files.push_back({path.filename().string(), FindIncludes(ReadFile(path))});
        rooms.emplace(name, std::move(room));
    }
    return rooms;
}

std::set<std::string> Below(const Rooms &rooms, const std::string &room) {
    std::set<std::string> found;
    AddBelow(rooms, room, found);
    return found;
}

std::string TargetRoom(const Rooms &rooms, const Include &include) {
    const std::size_t slash = include.path.rfind('/');
    if (!include.quoted || slash == std::string::npos)
        return {};
    const std::string folder = include.path.substr(0, slash);
    return rooms.contains(folder) ? folder : std::string();
}

std::vector<std::string> FindUpwardIncludes(const Rooms &rooms) {
    std::vector<std::string> found;
    for (const auto &[name, room] : rooms) {
        const std::set<std::string> below = Below(rooms, name);
        for (const File &file : room.files)
            for (const Include &include : file.includes) {
                const std::string target = TargetRoom(rooms, include);
                if (!target.empty() && !below.contains(target))
                    found.push_back(name + "/" + file.name + " includes " + include.path);
            }
    }
    return found;
}

} // namespace lint
