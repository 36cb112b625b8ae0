using Stemsharp.OnnxRuntime.Native;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Where libraries are looked for, and the folders that engines are kept in.</summary>
public sealed class LibrarySearchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The loader would take an empty or relative entry for the current directory.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("/opt/a:/opt/b", true)]
    [InlineData(":/opt/a", false)]
    [InlineData("/opt/a:", false)]
    [InlineData("/opt/a::/opt/b", false)]
    [InlineData("/opt/a;lib", false)]
    [InlineData(".", false)]
    public void The_system_is_asked_by_name_only_where_that_leaves_the_current_directory_out(string? searchPath, bool byName)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(byName ? ["libno-such.so"] : [], SystemLibrary.Candidates("libno-such.so", searchPath, [_folder]));
    }

    [Fact]
    public void Otherwise_files_are_found_in_the_absolute_entries_and_the_systems_folders_in_order()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string first = Directory.CreateDirectory(Path.Combine(_folder, "first")).FullName, second = Directory.CreateDirectory(Path.Combine(_folder, "second")).FullName;
        foreach (string folder in (string[])[first, second])
        {
            File.WriteAllText(Path.Combine(folder, "libx.so"), "");
        }

        Assert.Equal([Path.Combine(first, "libx.so"), Path.Combine(second, "libx.so")], SystemLibrary.Candidates("libx.so", $":{first}:lib", [second, _folder]));
    }

    [Fact]
    public void A_folder_for_engines_is_the_users_alone_even_where_it_was_open_before()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string made = Path.Combine(_folder, "made"), open = Path.Combine(_folder, "open");
        Assert.Equal(made, PrivateFolder.Open(made));
        Assert.Equal(Mine, File.GetUnixFileMode(made));
        Directory.CreateDirectory(open);
        File.SetUnixFileMode(open, Mine | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        PrivateFolder.Open(open);
        Assert.Equal(Mine, File.GetUnixFileMode(open));
    }
}
