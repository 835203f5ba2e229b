#include "Rooms.hxx"
#include "Tree.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>
#include <utility>

using namespace lint;

namespace {

struct Floor {
    std::string_view room;
    int height;
};

/** From the ground up. A room's library names rooms of a lower floor only. A new room gets its
 *  row. */
constexpr std::array<Floor, 19> FLOORS = {{
    {"util", 0},  {"sys", 1},    {"loop", 2},   {"report", 2},   {"spawn/child", 2},
    {"spawn", 3}, {"net", 3},    {"peer", 3},   {"contract", 4}, {"balance", 5},
    {"pool", 5},  {"health", 6}, {"notify", 6}, {"watch", 6},    {"output", 6},
    {"adopt", 6}, {"plan", 7},   {"cli", 8},    {"main", 9},
}};

/** Pairs that the floors alone would let through one way: neither includes the other. */
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> STRANGERS = {{
    {"loop", "report"},
    {"spawn", "net"},
    {"spawn", "peer"},
    {"net", "peer"},
    {"contract", "balance"},
    {"pool", "balance"},
    {"loop", "net"},
    {"watch", "notify"},
    {"watch", "output"},
    {"notify", "output"},
    {"adopt", "notify"},
    {"adopt", "watch"},
    {"adopt", "output"},
    {"health", "notify"},
    {"health", "watch"},
    {"health", "output"},
    {"health", "adopt"},
}};

struct ThirdParty {
    std::string_view prefix, room;
};

/** The one room that may know a library; fmt is asked for by each room that uses it. */
constexpr std::array<ThirdParty, 4> THIRD_PARTIES = {{
    {"bpf/", "balance"},
    {"CLI/", "cli"},
    {"nlohmann/", "report"},
    {"doctest/", "none"},
}};

int Height(const std::string &room) {
    for (const Floor &floor : FLOORS)
        if (floor.room == room)
            return floor.height;
    return -1;
}

const Rooms &OurRooms() {
    static const Rooms ROOMS = ReadRooms(SourceRoot() / "src");
    return ROOMS;
}

/** Four rooms on two floors, and a file of each kind of mistake. */
Rooms Invented() {
    const auto room = [](std::string name, std::set<std::string> dependencies, std::string source) {
        return std::pair(
            name,
            Room{name, {name, std::move(dependencies), {}}, {{"File.cxx", FindIncludes(source)}}});
    };
    return {room("ground", {}, "#include \"first/Up.hxx\"\n#include <first/system.h>\n"),
            room("first", {"ground", "fmt"}, "#include \"ground/Down.hxx\"\n"),
            room("beside", {"ground"}, "  #  include \"first/Sibling.hxx\" // a comment\n"),
            room("second", {"first"}, "#include \"ground/Two.hxx\"\n#include <vector>\n")};
}

} // namespace

TEST_CASE("an include that goes up or sideways is found") {
    CHECK(FindUpwardIncludes(Invented()) ==
          std::vector<std::string>{"beside/File.cxx includes first/Sibling.hxx",
                                   "ground/File.cxx includes first/Up.hxx"});
}

TEST_CASE("a room's meson.build is understood") {
    const Library library =
        ParseLibrary("# A rule (in parentheses).\n"
                     "pool_lib = static_library('pool',\n"
                     "  'Pool.cxx', 'Slot.cxx',\n"
                     "  dependencies: [fmt_dep,\n    net_dep])\n"
                     "pool_dep = declare_dependency(dependencies: [sys_dep])\n");
    CHECK(library.name == "pool");
    CHECK(library.dependencies == std::set<std::string>{"fmt", "net"});
    CHECK(library.sources == std::set<std::string>{"Pool.cxx", "Slot.cxx"});
    CHECK_THROWS(ParseLibrary("executable('x', 'X.cxx')"));
}

TEST_CASE("every room has its floor, and every floor its room") {
    for (const auto &[name, room] : OurRooms()) {
        const std::string first_name(name);
        CAPTURE(first_name);
        CHECK_MESSAGE(Height(name) >= 0, "the room has no row in FLOORS");
    }
    for (const Floor &floor : FLOORS) {
        CAPTURE(floor.room);
        CHECK(OurRooms().contains(std::string(floor.room)));
    }
}

TEST_CASE("a room's library names lower rooms only") {
    for (const auto &[name, room] : OurRooms())
        for (const auto &[other, other_room] : OurRooms())
            if (room.library.dependencies.contains(other_room.library.name)) {
                const std::string first_name(name);
                CAPTURE(first_name);
                const std::string second_name(other);
                CAPTURE(second_name);
                CHECK(Height(other) < Height(name));
            }
}

TEST_CASE("includes only go down") {
    for (const std::string &line : FindUpwardIncludes(OurRooms()))
        FAIL_CHECK(line);
}

TEST_CASE("strangers do not include each other") {
    for (const auto &[one, other] : STRANGERS) {
        const std::string first_name(one);
        CAPTURE(first_name);
        const std::string second_name(other);
        CAPTURE(second_name);
        const auto includes = [](std::string_view from, std::string_view to) {
            const Room &room = OurRooms().at(std::string(from));
            return std::any_of(room.files.begin(), room.files.end(), [to](const File &file) {
                return std::any_of(
                    file.includes.begin(), file.includes.end(),
                    [to](const Include &i) { return TargetRoom(OurRooms(), i) == to; });
            });
        };
        CHECK_FALSE(includes(one, other));
        CHECK_FALSE(includes(other, one));
        CHECK_FALSE(Below(OurRooms(), std::string(one)).contains(std::string(other)));
        CHECK_FALSE(Below(OurRooms(), std::string(other)).contains(std::string(one)));
    }
}

TEST_CASE("third parties stay in their rooms") {
    std::set<std::string> seen;
    for (const auto &[name, room] : OurRooms())
        for (const File &file : room.files)
            for (const Include &include : file.includes) {
                const std::string first_name(name);
                CAPTURE(first_name);
                CAPTURE(file.name);
                CAPTURE(include.path);
                for (const ThirdParty &party : THIRD_PARTIES)
                    if (include.path.starts_with(party.prefix)) {
                        CHECK(name == party.room);
                        seen.insert(std::string(party.prefix));
                    }
                if (include.path.starts_with("fmt/"))
                    CHECK(room.library.dependencies.contains("fmt"));
            }
    // Otherwise the test would look for the wrong words.
    CHECK(seen == std::set<std::string>{"CLI/", "bpf/", "nlohmann/"});
}

TEST_CASE("our headers are included by their path below src/") {
    for (const auto &[name, room] : OurRooms())
        for (const File &file : room.files)
            for (const Include &include : file.includes)
                if (include.quoted) {
                    const std::string first_name(name);
                    CAPTURE(first_name);
                    CAPTURE(file.name);
                    CAPTURE(include.path);
                    CHECK(!TargetRoom(OurRooms(), include).empty());
                    const std::filesystem::path path = SourceRoot() / "src" / include.path;
                    // meson makes some from a file of the same name with ".in" behind it, bpftool
                    // another.
                    CHECK((std::filesystem::exists(path) ||
                           std::filesystem::exists(path.string() + ".in") ||
                           include.path.ends_with(".skel.h")));
                }
}

TEST_CASE("a room is a folder, a namespace and a library") {
    for (const auto &[name, room] : OurRooms()) {
        const std::string first_name(name);
        CAPTURE(first_name);
        const std::filesystem::path folder = SourceRoot() / "src" / name;
        CHECK(room.library.name == folder.filename().string());
        // A room within a room has its outer one's namespace, and C++ keeps the name of main to
        // itself.
        const std::string space = name == "main" ? "launcher" : name.substr(0, name.find('/'));
        const std::regex opened("(^|\n)namespace " + space + " \\{");
        for (const File &file : room.files) {
            CAPTURE(file.name);
            if (file.name != "Main.cxx")
                CHECK(std::regex_search(ReadFile(folder / file.name), opened));
            if (file.name.ends_with(".cxx") && file.name != "Main.cxx")
                CHECK_MESSAGE(room.library.sources.contains(file.name),
                              "the file is not in the room's meson.build");
        }
    }
}

TEST_CASE("every room has one line in the map of ARCHITECTURE.md") {
    const std::vector<std::string> lines = SplitLines(ReadFile(SourceRoot() / "ARCHITECTURE.md"));
    for (const auto &[name, room] : OurRooms()) {
        const std::string first_name(name);
        CAPTURE(first_name);
        const std::regex row("^\\| `" + name + "` \\| .{10,} \\|$");
        const auto count =
            std::count_if(lines.begin(), lines.end(),
                          [&row](const std::string &line) { return std::regex_search(line, row); });
        CHECK(count == 1);
    }
}
