using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public sealed class FileMoveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void All_names_are_given_or_none()
    {
        Write("a", "new a");
        Write("b", "new b");
        Write("c", "new c");
        Write("to a", "old a");
        Directory.CreateDirectory(At("to c"));
        FileMove[] moves = [new(At("a"), At("to a")), new(At("b"), At("to b")), new(At("c"), At("to c"))];
        Assert.ThrowsAny<Exception>(() => FileMove.Together(moves));
        Assert.Equal(["a", "b", "c", "to a"], Names());
        Assert.Equal(("new a", "old a"), (File.ReadAllText(At("a")), File.ReadAllText(At("to a"))));

        Directory.Delete(At("to c"));
        FileMove.Together([new(At("a"), At("to a")), new(At("b"), At("to b")), new(At("c"), At("to c"))]);
        Assert.Equal(["to a", "to b", "to c"], Names());
        Assert.Equal("new a", File.ReadAllText(At("to a")));
    }

    private string[] Names() => [.. Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private void Write(string name, string text) => File.WriteAllText(At(name), text);

    private string At(string name) => Path.Combine(_folder, name);
}
