#include "Classes.hxx"
#include "Tree.hxx"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace lint;

namespace {

constexpr unsigned MOST_FUNCTIONS = 30;

using Places = std::map<std::string, std::set<std::string>>;

/** room/Class → the source files that define its functions. */
Places FindPlaces() {
    Places places;
    for (const auto &path : AllSourceFiles())
        if (path.extension() == ".cxx")
            for (const std::string &name : FindDefinedClasses(ReadFile(path)))
                places[RoomOf(path) + "/" + name].insert(path.filename().string());
    return places;
}

} // namespace

TEST_CASE("definitions of member functions are found") {
    const std::string source = "#include \"room/First.hxx\"\n"
                               "// Third::Comment()\n"
                               "constexpr auto TEXT = \"Fourth::Text()\";\n"
                               "void First::Act(int number) noexcept {\n"
                               "    Fifth::Call();\n"
                               "}\n"
                               "std::size_t Function(std::string_view text) {}\n"
                               "Second::Second(int) : field(Sixth::Make()) {}\n"
                               "util::BoundMethod<void()>\n"
                               "Outer::Inner::Get() const {}\n"
                               "bool Order::operator==(const Order &other) {}\n"
                               "Destroyed::~Destroyed() {}\n";
    CHECK(FindDefinedClasses(source) ==
          std::set<std::string>{"Destroyed", "First", "Order", "Outer", "Second"});
}

TEST_CASE("member functions are counted") {
    const std::string header = R"(
class Forward;
enum class Kind : int { ONE, TWO };
/** void Comment(); */
class First final : public Base<void()> {
public:
    explicit First(int number) : field(number), other{number} {}
    ~First();
    First(const First &) = delete;
    using Callback = std::function<void()>;
    friend void Friend(First &);
    bool IsDone() const noexcept { return Other() && field == 3; }
    friend bool operator==(First, First) = default;
    First &operator=(First &&) = default;
    static First Make(std::function<void(int)> function = {});
    template <typename Value> void Apply(const Value &value);

private:
    struct Nested {
        void Act();
        int number = Function(3);
    };
    std::function<void()> callback;
    int number = Function(4);
    std::vector<int> numbers{1, 2};
    const char *text = "void Text();";
};
)";
    CHECK(CountMemberFunctions(header) ==
          std::map<std::string, unsigned>{{"First", 6}, {"Nested", 1}});
}

TEST_CASE("a class is defined in one source file") {
    const Places places = FindPlaces();
    CHECK(places.size() > 40);
    for (const auto &[name, files] : places) {
        const std::string class_name = name;
        CAPTURE(class_name);
        CHECK_MESSAGE(files.size() == 1, "it is in several source files");
    }
}

TEST_CASE("a class has at most 30 member functions") {
    std::map<std::string, unsigned> counts;
    for (const auto &path : AllSourceFiles())
        if (path.extension() == ".hxx")
            for (const auto &[name, count] : CountMemberFunctions(ReadFile(path)))
                counts[RoomOf(path) + "/" + name] += count;
    CHECK(counts.size() > 100);
    for (const auto &[name, count] : counts) {
        const std::string class_name = name;
        CAPTURE(class_name);
        CHECK(count <= MOST_FUNCTIONS);
    }
}
