using Stemsharp.Checkpoints.Catalog;

namespace Stemsharp;

/// <summary>
/// What is known about the licence of a model's numbers, and who said so. Code and numbers are different things: a
/// network's code may be free while nothing of the kind was said about what was trained with it.
/// </summary>
/// <param name="Text">The licence as it was stated, on one line.</param>
/// <param name="StatedBy">Who stated it, and where.</param>
/// <param name="Link">Where it can be read; null where there is no page.</param>
/// <param name="MustBeAccepted">Whether the publisher demands that it is accepted before the files are fetched: see <see cref="ModelCatalogOptions.AcceptLicence"/>.</param>
public sealed record ModelLicence(string Text, string StatedBy, Uri? Link = null, bool MustBeAccepted = false)
{
    /// <summary>Of what this project made itself: the demo model, and the recipe of the synthetic ones.</summary>
    internal static ModelLicence OfProject { get; } = new("MIT", "the Stemsharp authors, who made it");

    /// <summary>The record on one line, such as <c>CC BY 4.0, as stated by its trainer (https://…)</c>.</summary>
    public override string ToString() => $"{Text}, as stated by {StatedBy}{(Link is null ? "" : $" ({Link.AbsoluteUri})")}";

    internal static ModelLicence? Of(CatalogLicence? licence) =>
        licence is null ? null : new ModelLicence(licence.Text, licence.StatedBy, licence.Link, licence.MustBeAccepted);
}
