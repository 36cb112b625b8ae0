using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Client;
using Stemsharp.Tests;
using Stemsharp.Web.Api;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed partial class ApiDocumentTests
{
    private static readonly string Page = File.ReadAllText(RepositoryFiles.At("docs", "api.md"));

    [Fact]
    public async Task The_examples_of_the_page_work()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.InRange(await RunExamplesAsync(server, Page.Replace(FleetSection, "", StringComparison.Ordinal), []), 15, 40);
    }

    /// <summary>The part of the page for servers that have a fleet.</summary>
    internal static string FleetSection => Page[Page.IndexOf("\n## A fleet's jobs\n", StringComparison.Ordinal)..Page.IndexOf("\n## Errors\n", StringComparison.Ordinal)];

    /// <summary>Runs the examples of a part of the page, in order.</summary>
    /// <returns>How many there were.</returns>
    internal static async Task<int> RunExamplesAsync(TestServer server, string page, Dictionary<string, string> known)
    {
        byte[] song = TestServer.Song();
        (known["token"], known["bytes"]) = (server.Server.Token, song.Length.ToString());
        int run = 0;
        foreach (Match example in Example().Matches(page))
        {
            string text = Placeholder().Replace(example.Groups[1].Value, match => known[match.Groups[1].Value]);
            string[] lines = text.Split('\n');
            int arrow = Array.FindIndex(lines, line => line.StartsWith('→'));
            string[] request = lines[0].Split(' '), expected = lines[arrow].Split(' ');
            int blank = Array.IndexOf(lines, "", 0, arrow);
            string? body = blank < 0 ? null : string.Join('\n', lines[(blank + 1)..arrow]);
            using HttpRequestMessage message = new(new HttpMethod(request[0]), request[1]);
            if (body is not null)
            {
                message.Content = new ByteArrayContent(body == "@song" ? song : Encoding.UTF8.GetBytes(body));
            }

            foreach (string header in lines[1..(blank < 0 ? arrow : blank)])
            {
                string[] parts = header.Split(": ");
                if (parts[0] == "Content-Type")
                {
                    message.Content!.Headers.ContentType = new MediaTypeHeaderValue(parts[1]);
                }
                else if (parts[0] == "Range")
                {
                    message.Headers.Range = RangeHeaderValue.Parse(parts[1]);
                }
                else
                {
                    message.Content!.Headers.Add(parts[0], parts[1]);
                }
            }
            if (request[1].Contains("/stems", StringComparison.Ordinal) && known.TryGetValue("job", out string? job))
            {
                await server.Client.WaitForJobAsync(job);
            }

            using HttpResponseMessage answer = await server.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
            Assert.True((int)answer.StatusCode == int.Parse(expected[1]), $"{text}\n{(int)answer.StatusCode}");
            if (expected.Length > 2)
            {
                JsonElement made = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
                known[expected[2]] = (made.TryGetProperty("jobs", out JsonElement jobs) ? jobs[0] : made).GetProperty("id").GetString()!;
            }

            run++;
        }

        return run;
    }

    [Fact]
    public void The_page_lists_every_kind_of_error()
    {
        foreach (ApiErrorKind kind in Enum.GetValues<ApiErrorKind>())
        {
            Problem problem = Problems.Of(kind);
            string row = Page.Split('\n').Single(line => line.StartsWith($"| {problem.Status} |", StringComparison.Ordinal));
            Assert.Contains($"`{problem.Type["urn:stemsharp:".Length..]}`", row, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_OpenAPI_document_describes_every_endpoint()
    {
        await using TestServer server = await TestServer.StartAsync();
        using JsonDocument document = JsonDocument.Parse(await server.Http.GetStringAsync("/api/v1/openapi.json"));
        JsonElement paths = document.RootElement.GetProperty("paths");
        string[] described = [.. paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"))];
        string[] routed = [.. server.Server.Endpoints.Where(endpoint => endpoint.Contains(" /api/v1/", StringComparison.Ordinal) && !endpoint.Contains("openapi", StringComparison.Ordinal))];
        Assert.True(routed.Length >= 25);
        Assert.Equal(routed.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        foreach (JsonProperty path in paths.EnumerateObject())
        {
            foreach (JsonProperty method in path.Value.EnumerateObject())
            {
                Assert.NotEmpty(method.Value.GetProperty("operationId").GetString()!);
                Assert.NotEmpty(method.Value.GetProperty("summary").GetString()!);
                Assert.True(method.Value.GetProperty("responses").EnumerateObject().Count() >= 2, path.Name);
            }
        }
    }

    [GeneratedRegex("```http\n(.+?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\{(token|song|job|upload|bytes|folder|fleetJob)\}")]
    private static partial Regex Placeholder();
}
