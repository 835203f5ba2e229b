#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace harness {

/** Open descriptors of a process and what they lead to ("socket:[123]", "/dev/null"). */
std::map<int, std::string> Descriptors(pid_t pid);

/** The number after "flags:" in /proc/PID/fdinfo/FD. */
unsigned long DescriptorFlags(pid_t pid, int fd);

/** Children, their children and so on; zombies too. */
std::vector<pid_t> Descendants(pid_t pid);

std::vector<pid_t> Children(pid_t pid);

/** The environment that a process was started with. */
std::map<std::string, std::string> Environment(pid_t pid);

/** Processes, no zombies, whose environment has NAME=VALUE. */
std::vector<pid_t> Carrying(const std::string &name, const std::string &value);

/** Those of the descendants that have ended and were not waited for. */
std::vector<pid_t> Zombies(pid_t pid);

/** A line of /proc/PID/status without its name ("SigIgn"); empty where there is none. */
std::string StatusField(pid_t pid, const std::string &field);

/** SIGKILL is pending, or the process is gone. */
bool IsKilled(pid_t pid);

/** R, S, D, T, Z, …; nothing where there is no such process. */
std::optional<char> State(pid_t pid);

/** Its process group is the one that reads from its terminal. */
bool IsInForeground(pid_t pid);

/** It exists and is no zombie. */
bool Alive(pid_t pid);

/** Arguments, separated by spaces. */
std::string CommandLine(pid_t pid);

/** The pid here of what a process of another PID namespace, a descendant of `root`, calls itself. */
pid_t PidHere(pid_t root, pid_t pid_there);

/** The inode number in "socket:[123]"; 0 for anything else. */
unsigned long SocketInode(const std::string &target);

} // namespace harness
