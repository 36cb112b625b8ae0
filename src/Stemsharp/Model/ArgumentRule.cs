namespace Stemsharp.Model;

/// <summary>The rule for one argument of a configuration.</summary>
/// <typeparam name="TConfig">What the argument goes into.</typeparam>
/// <param name="Name">As in the original.</param>
/// <param name="Verdict">What happens to it.</param>
/// <param name="Valid">The values that work, for people.</param>
/// <param name="Set">Puts a value into a config, or refuses it.</param>
internal sealed record ArgumentRule<TConfig>(string Name, ArgumentVerdict Verdict, string Valid, Func<TConfig, ArgumentValue, TConfig> Set)
{
    public static ArgumentRule<TConfig> Supported(string name, string valid, Func<TConfig, ArgumentValue, TConfig> set) =>
        new(name, ArgumentVerdict.Supported, valid, set);

    public static ArgumentRule<TConfig> Restricted(string name, string valid, Action<ArgumentValue> check) =>
        new(name, ArgumentVerdict.Restricted, valid, (config, value) =>
        {
            check(value);
            return config;
        });

    public static ArgumentRule<TConfig> Inert(string name) => new(name, ArgumentVerdict.Inert, "anything", (config, _) => config);

    /// <summary>Puts all arguments that have a rule into a config, in the rules' order.</summary>
    public static TConfig Apply(IEnumerable<ArgumentRule<TConfig>> rules, TConfig config, IReadOnlyDictionary<string, object?> arguments)
    {
        foreach (ArgumentRule<TConfig> rule in rules)
        {
            if (arguments.TryGetValue(rule.Name, out object? value))
            {
                config = rule.Set(config, new ArgumentValue(rule.Name, value, rule.Valid));
            }
        }

        return config;
    }
}
