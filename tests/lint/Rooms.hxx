#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lint {

/** One #include line: what is in the quotes or angles. */
struct Include {
    std::string path;
    bool quoted;

    bool operator==(const Include &) const = default;
};

std::vector<Include> FindIncludes(const std::string &source);

/** What a room's meson.build says of its static library. */
struct Library {
    std::string name;
    /** The words of `dependencies: [...]` without their "_dep". */
    std::set<std::string> dependencies;
    /** The files that are compiled. */
    std::set<std::string> sources;
};

/** Throws std::runtime_error where there is no static_library(). */
Library ParseLibrary(const std::string &meson_build);

struct File {
    std::string name;
    std::vector<Include> includes;
};

/** A folder below src/ with a library of its own; "spawn/child" is a room within a room. */
struct Room {
    std::string name;
    Library library;
    std::vector<File> files;
};

using Rooms = std::map<std::string, Room>;

Rooms ReadRooms(const std::filesystem::path &src);

/** The rooms whose headers a room may include: itself, and what its library names, all the way
 *  down. */
std::set<std::string> Below(const Rooms &rooms, const std::string &room);

/** The room that an include goes to ("spawn/child" for "spawn/child/Child.hxx"), empty where it is
 *  none of ours. */
std::string TargetRoom(const Rooms &rooms, const Include &include);

/** One line for each include that goes to a room that is not below. */
std::vector<std::string> FindUpwardIncludes(const Rooms &rooms);

} // namespace lint
