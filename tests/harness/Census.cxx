#include "harness/Census.hxx"

#include "harness/TempDir.hxx"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <sstream>
#include <unistd.h>

namespace harness {

namespace {

std::string Proc(pid_t pid, const std::string &name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

std::vector<long> NumbersIn(const std::string &directory) {
    std::vector<long> numbers;
    DIR *dir = opendir(directory.c_str());
    if (dir == nullptr)
        return numbers;
    while (const dirent *entry = readdir(dir)) {
        if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0)
            numbers.push_back(std::atol(entry->d_name));
    }
    closedir(dir);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

/** Fields after the name in parentheses. */
struct Stat {
    char state = 0;
    pid_t parent = 0, group = 0, session = 0;
    int terminal = 0;
    pid_t foreground = 0; // group of that terminal
};

std::optional<Stat> ReadStat(pid_t pid) {
    const std::string text = ReadFile(Proc(pid, "stat"));
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos)
        return std::nullopt;
    std::istringstream is(text.substr(name_end + 1));
    Stat stat;
    is >> stat.state >> stat.parent >> stat.group >> stat.session >> stat.terminal >>
        stat.foreground;
    return stat;
}

std::map<pid_t, std::vector<pid_t>> Families() {
    std::map<pid_t, std::vector<pid_t>> families;
    for (const long pid : NumbersIn("/proc")) {
        if (const auto stat = ReadStat(static_cast<pid_t>(pid)))
            families[stat->parent].push_back(static_cast<pid_t>(pid));
    }
    return families;
}

} // namespace

std::map<int, std::string> Descriptors(pid_t pid) {
    std::map<int, std::string> descriptors;
    const std::string directory = Proc(pid, "fd");
    for (const long fd : NumbersIn(directory)) {
        char target[512];
        const auto length =
            readlink((directory + "/" + std::to_string(fd)).c_str(), target, sizeof target);
        if (length >= 0)
            descriptors[static_cast<int>(fd)] = std::string(target, static_cast<size_t>(length));
    }
    return descriptors;
}

unsigned long DescriptorFlags(pid_t pid, int fd) {
    std::istringstream is(ReadFile(Proc(pid, "fdinfo/" + std::to_string(fd))));
    std::string word;
    while (is >> word) {
        if (word == "flags:" && is >> word)
            return std::strtoul(word.c_str(), nullptr, 8);
    }
    return 0;
}

std::vector<pid_t> Children(pid_t pid) {
    auto families = Families();
    return families[pid];
}

std::vector<pid_t> Descendants(pid_t pid) {
    auto families = Families();
    std::vector<pid_t> found = families[pid];
    for (size_t i = 0; i < found.size(); ++i) {
        const auto &children = families[found[i]];
        found.insert(found.end(), children.begin(), children.end());
    }
    return found;
}

std::map<std::string, std::string> Environment(pid_t pid) {
    std::map<std::string, std::string> environment;
    std::istringstream is(ReadFile(Proc(pid, "environ")));
    std::string entry;
    while (std::getline(is, entry, '\0')) {
        const auto equals = entry.find('=');
        if (equals != std::string::npos)
            environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return environment;
}

std::vector<pid_t> Carrying(const std::string &name, const std::string &value) {
    std::vector<pid_t> found;
    const std::string wanted = name + "=" + value;
    for (const long pid : NumbersIn("/proc")) {
        std::istringstream is(ReadFile(Proc(static_cast<pid_t>(pid), "environ")));
        std::string entry;
        while (std::getline(is, entry, '\0')) {
            if (entry == wanted) {
                if (Alive(static_cast<pid_t>(pid)))
                    found.push_back(static_cast<pid_t>(pid));
                break;
            }
        }
    }
    return found;
}

std::vector<pid_t> Zombies(pid_t pid) {
    std::vector<pid_t> found;
    for (const pid_t descendant : Descendants(pid)) {
        if (State(descendant) == 'Z')
            found.push_back(descendant);
    }
    return found;
}

std::string StatusField(pid_t pid, const std::string &field) {
    std::istringstream is(ReadFile(Proc(pid, "status")));
    std::string line;
    while (std::getline(is, line)) {
        if (line.compare(0, field.size() + 1, field + ":") == 0) {
            const auto start = line.find_first_not_of(" \t", field.size() + 1);
            return start == std::string::npos ? "" : line.substr(start);
        }
    }
    return "";
}

bool IsKilled(pid_t pid) {
    const std::string pending = StatusField(pid, "SigPnd"); // empty: it is gone
    return pending.empty() || (std::stoull(pending, nullptr, 16) >> (SIGKILL - 1) & 1) != 0;
}

std::optional<char> State(pid_t pid) {
    const auto stat = ReadStat(pid);
    if (!stat)
        return std::nullopt;
    return stat->state;
}

bool IsInForeground(pid_t pid) {
    const auto stat = ReadStat(pid);
    return stat && stat->foreground == stat->group;
}

bool Alive(pid_t pid) {
    const auto state = State(pid);
    return state && *state != 'Z' && *state != 'X';
}

std::string CommandLine(pid_t pid) {
    std::string text = ReadFile(Proc(pid, "cmdline"));
    while (!text.empty() && text.back() == '\0')
        text.pop_back();
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

pid_t PidHere(pid_t root, pid_t pid_there) {
    auto all = Descendants(root);
    all.push_back(root);
    for (const pid_t pid : all) {
        std::istringstream is(StatusField(pid, "NSpid"));
        pid_t number = 0;
        pid_t last = 0;
        while (is >> number)
            last = number;
        if (last == pid_there)
            return pid;
    }
    return 0;
}

unsigned long SocketInode(const std::string &target) {
    if (target.compare(0, 8, "socket:[") != 0)
        return 0;
    return std::strtoul(target.c_str() + 8, nullptr, 10);
}

} // namespace harness
