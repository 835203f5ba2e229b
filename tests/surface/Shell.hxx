#pragma once

#include <set>
#include <string>
#include <vector>

/** A shell that completes a line with the file below completions/; Complete.bash, Complete.zsh and
 *  Complete.fish drive it. The program under test is found as `clusterize`. */
class Shell {
public:
    /** bash, zsh, fish; "plain bash" is bash without the package bash-completion. */
    explicit Shell(const std::string &name);

    /** Why it cannot be tried here; empty where it can. */
    const std::string &Lacks() const { return lacks; }

    /** What the last word of the line may become. */
    std::set<std::string> Complete(const std::string &line) const;

private:
    std::vector<std::string> argv;
    bool plain;
    std::string lacks;
};
