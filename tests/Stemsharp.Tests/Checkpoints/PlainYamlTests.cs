using Stemsharp.Checkpoints;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Plain values as PyYAML reads them.</summary>
public class PlainYamlTests
{
    public static TheoryData<string, object?> Values => new()
    {
        { "12", 12L },
        { "-1_000", -1000L },
        { "012", "012" },
        { "1.5", 1.5 },
        { "1.0e-05", 1e-5 },
        { "1e-05", "1e-05" },
        { ".5", 0.5 },
        { "True", true },
        { "yes", true },
        { "off", false },
        { "null", null },
        { "~", null },
        { "", null },
        { "'12'", "12" },
        { "!!str 12", "12" },
        { "vocals", "vocals" },
        { "drums # and more", "drums" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Words_become_values(string text, object? expected) =>
        Assert.Equal(expected, Assert.IsType<Dictionary<string, object?>>(PlainYaml.Read($"x: {text}"))["x"]);

    [Fact]
    public void A_tuple_is_a_list() =>
        Assert.Equal([2L, 4L], Assert.IsType<List<object?>>(Assert.IsType<Dictionary<string, object?>>(PlainYaml.Read("x: !!python/tuple\n- 2\n- 4\n"))["x"]));
}
